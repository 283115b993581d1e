using System.Runtime.CompilerServices;

namespace SynthSae.Api;

/// <summary>Looks at runs again and again.</summary>
internal static class Following
{
    /// <summary>Time between looks at what is expected at once.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);

    /// <summary>A run as it is, and whenever it has changed, while it goes on.</summary>
    public static async IAsyncEnumerable<RunInfo> Follow(
        Func<string> find,
        Func<string, RunInfo> look,
        TimeSpan interval,
        CancellationToken given,
        [EnumeratorCancellation] CancellationToken reader = default)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(given, reader);
        var folder = find();
        RunInfo? last = null;
        while (true)
        {
            end.Token.ThrowIfCancellationRequested();
            var now = await Task.Run(() => Boundary.Run(() => look(folder)), end.Token)
                .ConfigureAwait(false);
            if (now != last)
            {
                yield return now;
            }

            if (!now.IsGoingOn)
            {
                yield break;
            }

            last = now;
            await Task.Delay(interval, end.Token).ConfigureAwait(false);
        }
    }
}
