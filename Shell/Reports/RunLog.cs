using SynthSae.Formatting;
using SynthSae.Runs;
using SynthSae.Store;

namespace SynthSae.Reports;

/// <summary>A run's log as lines for people, or as it is.</summary>
/// <param name="folder">The run.</param>
/// <param name="raw">The lines of the file themselves.</param>
/// <param name="writer">Where they go.</param>
internal sealed class RunLog(RunFolder folder, bool raw, TextWriter writer)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly LineTail _tail = new(folder.EventsFile);

    /// <summary>What is there, but no more than the last lines.</summary>
    public void Write(long most)
    {
        var lines = Next();
        foreach (var line in lines.Skip((int)Math.Max(0, lines.Count - most)))
        {
            writer.WriteLine(line);
        }

        writer.Flush();
    }

    /// <summary>What comes, until the run has ended or a stop is requested.</summary>
    public void Follow(CancellationToken stop)
    {
        bool ends;
        do
        {
            // The state first: what was logged before the end is still to come.
            ends = RunReading.Read(folder.Path, DateTime.UtcNow)
                is not { Status: RunStatus.Queued or RunStatus.Running };
            Write(long.MaxValue);
        }
        while (!ends && !stop.WaitHandle.WaitOne(Interval));
    }

    private List<string> Next() =>
        [.. _tail.Read(out _).Select(line => raw ? line : Words(line)).OfType<string>()];

    private static string? Words(string line) =>
        Json.TryObject(line) is { } json && EventText.Of(json) is { } text
            ? $"{RunStateWords.Moment(json.Time("time") ?? default)}  {text}"
            : null;
}
