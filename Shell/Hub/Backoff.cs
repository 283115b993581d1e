using SynthSae.Formatting;

namespace SynthSae.Hub;

/// <summary>Waits between attempts, longer with each failure in a row.</summary>
internal sealed class Backoff(HubHttp http, int attempts)
{
    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(1.5);

    private int _failures;

    /// <summary>An attempt has come further than all before it.</summary>
    public void Reset() => _failures = 0;

    /// <summary>Wait before the next attempt; false if there is to be none.</summary>
    public async Task<bool> WaitAsync(HubFailure failure, CancellationToken stop)
    {
        var usual = http.Settings.FirstWait * Math.Pow(2, Math.Min(_failures, 20));
        var wait = failure.Wait is { } asked && asked > usual ? asked : usual;
        _failures++;
        if (!failure.IsPassing || _failures >= attempts || wait > http.Settings.LongestWait)
        {
            return false;
        }

        if (wait >= Noticeable)
        {
            http.Observer.Note($"{failure.Message}; trying again in {Durations.Words(wait)}");
        }

        await Task.Delay(wait, stop);
        return true;
    }
}
