using SynthSae.Terminal.Input;
using SynthSae.Terminal.Runtime;

namespace SynthSae.Dashboard.Runtime;

/// <summary>Reads keys on a thread of its own.</summary>
internal sealed class InputReader
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ITerminal _terminal;
    private readonly TimeSpan _escape;
    private readonly Action<Msg> _post;
    private readonly Action _ended;
    private volatile bool _end;

    /// <param name="terminal">Where they are typed.</param>
    /// <param name="escape">After so long an escape was a key, not the beginning of one.</param>
    /// <param name="post">Hears of them.</param>
    /// <param name="ended">Called when no more will come.</param>
    public InputReader(ITerminal terminal, TimeSpan escape, Action<Msg> post, Action ended)
    {
        (_terminal, _escape, _post, _ended) = (terminal, escape, post, ended);
        new Thread(Run) { IsBackground = true, Name = "keys" }.Start();
    }

    /// <summary>No more keys are wanted.</summary>
    public void Stop() => _end = true;

    private void Run()
    {
        var decoder = new InputDecoder();
        var buffer = new byte[4096];
        while (!_end)
        {
            var count = _terminal.Read(buffer, decoder.IsWaiting ? _escape : Patience);
            if (count < 0)
            {
                _ended();
                return;
            }

            var events = count > 0 ? decoder.Feed(buffer.AsSpan(0, count)) : decoder.Flush();
            foreach (var one in events)
            {
                _post(MessageOf(one));
            }
        }
    }

    private static Msg MessageOf(InputEvent one) =>
        one switch
        {
            InputEvent.Pressed { Key: var key } => new Msg.Pressed(key),
            InputEvent.Moused { Press: var press } => new Msg.Moused(press),
            InputEvent.Pasted { Text: var text } => new Msg.Pasted(text),
            _ => throw new ArgumentOutOfRangeException(nameof(one)),
        };
}
