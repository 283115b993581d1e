using System.Collections.Concurrent;
using Spectre.Console;
using SynthSae.Core;
using SynthSae.Runs;

namespace SynthSae.Progress;

/// <summary>
/// Progress on a terminal: two lines that are redrawn at most four times a second, and only when
/// they have changed. Drawing has a thread of its own; losing the terminal ends the drawing, not
/// the run.
/// </summary>
internal sealed class LiveDisplay : IRunObserver, IDisposable
{
    // Always two lines: a region that grows would be drawn over the line above it.
    private const string Blank = "\n ";

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly IAnsiConsole _console;
    private readonly ProgressTracker _tracker;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ManualResetEventSlim _done = new(false);
    private readonly Thread _thread;

    public LiveDisplay(TextWriter writer, IReadOnlyList<int> latents, bool colour)
    {
        _tracker = new ProgressTracker(latents);
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            ColorSystem = colour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        _thread = new Thread(Draw) { IsBackground = true, Name = "progress" };
        _thread.Start();
    }

    public void Phase(RunPhase phase, string what) => _tracker.Phase(phase, what);

    public void Step(IReadOnlyList<StepProgress> saes) => _tracker.Step(saes);

    public void Scoring(long done, long samples) => _tracker.Scoring(done, samples);

    public void Evaluated(SaePlan sae, long step, Scores scores) =>
        _lines.Enqueue(ProgressText.Evaluation(sae, step, scores));

    public void Note(string text) => _lines.Enqueue($"note: {text}");

    public void Dispose()
    {
        _done.Set();
        _thread.Join();
        _done.Dispose();
    }

    private void Draw()
    {
        try
        {
            _console.Live(new Text(Blank)).AutoClear(true).Start(DrawUntilDone);
        }
        catch (Exception)
        {
            // The terminal is gone, or cannot show this: the run goes on unseen.
        }
    }

    // The line takes the place of one that was drawn, which may be longer.
    private static string Covering(string line, int width) =>
        line.PadRight(width * (line.Length / width + 1) - 1);

    private void DrawUntilDone(LiveDisplayContext context)
    {
        var shown = "";
        bool done;
        do
        {
            done = _done.Wait(Interval);
            var width = Math.Max(2, _console.Profile.Width);
            while (_lines.TryDequeue(out var line))
            {
                _console.WriteLine(Covering(line, width));
            }

            var lines = ProgressText.Live(_tracker.Snapshot(), width - 1);
            var now = lines.Count == 1 ? lines[0] + Blank : string.Join('\n', lines);
            if (now != shown)
            {
                context.UpdateTarget(new Text(now));
                shown = now;
            }
        }
        while (!done);
    }
}
