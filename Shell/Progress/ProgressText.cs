using System.Globalization;
using SynthSae.Formatting;
using SynthSae.Runs;

namespace SynthSae.Progress;

/// <summary>Progress in words: pure functions of the state.</summary>
public static class ProgressText
{
    private const int MaxBar = 32;

    /// <summary>One line for a log.</summary>
    public static string Line(ProgressState state) =>
        state is { Phase: RunPhase.Training, Training: { } training }
            ? $"training {Percent(training.Share)}  {Pace(training)}  {Figures(training)}"
            : $"{Name(state.Phase)}: {state.What}";

    /// <summary>The lines of a live display, none longer than <paramref name="width"/>.</summary>
    public static IReadOnlyList<string> Live(ProgressState state, int width)
    {
        if (state is { Phase: RunPhase.Training, Training: { } training })
        {
            var pace = $"{Percent(training.Share)}  {Pace(training)}";
            var bar = WithBar("training", training.Share, pace, width);
            return [Cut(bar, width), Cut(Figures(training), width)];
        }

        var words = $"{state.What}  {Seconds(state.InPhase)}";
        if (state.Scored == 0)
        {
            return [Cut($"{Name(state.Phase)}  {words}", width)];
        }

        var scored = WithBar("scoring", state.Scored, Percent(state.Scored), width);
        return [Cut(scored, width), Cut(words, width)];
    }

    /// <summary>The scores of an evaluation between steps, in one line.</summary>
    public static string Evaluation(long step, Scores scores) =>
        $"step {Counts.Exact(step)}: "
        + string.Join("  ", scores.Metrics.Take(4).Select(metric =>
            $"{MetricNames.Title(metric.Name)} {Numbers.Short(metric.Value)}"));

    private static string Pace(TrainingFigures training) =>
        training.SamplesPerSecond > 0
            ? $"{Counts.Short(training.SamplesPerSecond)} samples/s  "
                + (training.Share < 1 ? $"{Durations.Words(training.SecondsLeft)} left" : "done")
            : $"{Counts.Short(training.Last.Samples)} samples";

    private static string Figures(TrainingFigures training)
    {
        var last = training.Last;
        return $"step {Counts.Exact(last.Step)} of {Counts.Exact(last.Steps)}  "
            + $"loss {Numbers.Short(last.Loss)}  L0 {Fixed(last.L0, 1)}{Moving(last)}  R² {Fixed(last.R2, 4)}  "
            + $"dead {Counts.Exact(last.Dead)} of {Counts.Exact(training.Latents)}";
    }

    // What schedules and controllers move, while they do.
    private static string Moving(StepProgress last) =>
        !last.IsMoving ? ""
        : double.IsNaN(last.Coefficient) ? $"  k {Fixed(last.K, 1)}"
        : $"  λ {Numbers.Short(last.Coefficient)}";

    private static string WithBar(string name, double share, string text, int width)
    {
        var bar = Math.Min(MaxBar, width - name.Length - text.Length - 4);
        return bar >= 8 ? $"{name}  {Bar(share, bar)}  {text}" : $"{name}  {text}";
    }

    private static string Bar(double share, int width)
    {
        var full = (int)Math.Round(share * width);
        return new string('━', full) + new string('─', width - full);
    }

    private static string Name(RunPhase phase) =>
        phase switch
        {
            RunPhase.World => "world",
            RunPhase.Activations => "activations",
            RunPhase.Training => "training",
            _ => "scoring",
        };

    // Whole seconds, so that a display that waits changes once a second at most.
    private static string Seconds(TimeSpan span) =>
        span.TotalSeconds < 1 ? "" : Durations.Words(Math.Floor(span.TotalSeconds));

    private static string Percent(double share) =>
        Fixed(Math.Floor(share * 100), 0).PadLeft(3) + "%";

    private static string Fixed(double value, int decimals) =>
        value.ToString("F" + decimals, CultureInfo.InvariantCulture);

    private static string Cut(string line, int width) =>
        line.Length <= width ? line : line[..Math.Max(0, width - 1)] + "…";
}
