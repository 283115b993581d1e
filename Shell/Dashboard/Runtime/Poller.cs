using SynthSae.Hosting;

namespace SynthSae.Dashboard.Runtime;

/// <summary>Asks for messages again and again, until it is disposed of.</summary>
internal sealed class Poller : IDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly Action<Msg> _post;
    private readonly Action<Exception> _log;
    private string? _problem;

    public Poller(
        TimeSpan interval, Func<IEnumerable<Msg>> poll, Action<Msg> post, Action<Exception> log)
    {
        (_post, _log) = (post, log);
        _ = Task.Run(() => Run(interval, poll));
    }

    public void Dispose() => _end.Cancel();

    private async Task Run(TimeSpan interval, Func<IEnumerable<Msg>> poll)
    {
        while (!_end.IsCancellationRequested)
        {
            Ask(poll);
            try
            {
                await Task.Delay(interval, _end.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    // What goes wrong is said once, and tried again: a disk may come back.
    private void Ask(Func<IEnumerable<Msg>> poll)
    {
        try
        {
            foreach (var message in poll())
            {
                if (_end.IsCancellationRequested)
                {
                    return;
                }

                _post(message);
            }

            _problem = null;
        }
        catch (Exception error)
        {
            if (_problem == error.Message)
            {
                return;
            }

            _problem = error.Message;
            _post(new Msg.Said(error.Message, Tone.Bad));
            if (!ErrorReport.IsBadInput(error))
            {
                _log(error);
            }
        }
    }
}
