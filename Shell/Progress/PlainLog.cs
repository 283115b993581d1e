using System.Diagnostics;
using SynthSae.Core;
using SynthSae.Runs;

namespace SynthSae.Progress;

/// <summary>
/// Progress for a file or a pipe: a line when something begins, and one every few seconds.
/// </summary>
internal sealed class PlainLog(TextWriter writer, IReadOnlyList<int> latents) : IRunObserver
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private readonly ProgressTracker _tracker = new(latents);
    private long _lastLine = Stopwatch.GetTimestamp();

    public void Phase(RunPhase phase, string what)
    {
        _tracker.Phase(phase, what);
        WriteLine($"{phase.Word()}: {what}");
    }

    public void Step(IReadOnlyList<StepProgress> saes)
    {
        _tracker.Step(saes);
        if (Stopwatch.GetElapsedTime(_lastLine) >= Interval || saes[0].Step == saes[0].Steps)
        {
            WriteLine(ProgressText.Line(_tracker.Snapshot()));
        }
    }

    public void Scoring(long done, long samples) => _tracker.Scoring(done, samples);

    public void Evaluated(SaePlan sae, long step, Scores scores) =>
        WriteLine(ProgressText.Evaluation(sae, step, scores));

    public void Note(string text) => WriteLine($"note: {text}");

    // Losing whoever reads this must not harm the run.
    private void WriteLine(string line)
    {
        _lastLine = Stopwatch.GetTimestamp();
        try
        {
            writer.WriteLine(line);
            writer.Flush();
        }
        catch (IOException)
        {
            // The terminal or pipe is gone.
        }
    }
}
