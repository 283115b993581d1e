using System.Globalization;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Runs;

namespace SynthSae.Progress;

/// <summary>Progress in words: pure functions of the state.</summary>
internal static class ProgressText
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
    public static string Evaluation(SaePlan sae, long step, Scores scores) =>
        Evaluation(sae.IsAlone ? "" : sae.Label, step, scores);

    /// <summary>The same of an SAE with a label, or none.</summary>
    public static string Evaluation(string label, long step, Scores scores) =>
        $"step {Counts.Exact(step)}{(label == "" ? "" : $", {label}")}: "
        + string.Join("  ", scores.Metrics.Take(4).Select(metric =>
            $"{MetricNames.Title(metric.Name)} {Numbers.Short(metric.Value)}"));

    /// <summary>A step in one line, of an SAE with a label or of the only one.</summary>
    public static string Step(StepProgress step, string? label) =>
        (label is null ? "" : $"{label}  ") + Figures([step], "");

    private static string Pace(TrainingFigures training) =>
        training.SamplesPerSecond > 0
            ? $"{Counts.Short(training.SamplesPerSecond)} samples/s  "
                + (training.Share < 1 ? $"{Durations.Words(training.SecondsLeft)} left" : "done")
            : $"{Counts.Short(training.Last.Samples)} samples";

    private static string Figures(TrainingFigures training)
    {
        var saes = training.Saes;
        return Figures(
            saes, saes.Count == 1 ? $" of {Counts.Exact(training.Latents[0])}" : "");
    }

    private static string Figures(IReadOnlyList<StepProgress> saes, string latents)
    {
        var last = saes[0];
        var several = saes.Count > 1 ? $"{saes.Count} SAEs  " : "";
        var all = last.Steps > 0 ? $" of {Counts.Exact(last.Steps)}" : "";
        return $"step {Counts.Exact(last.Step)}{all}  {several}"
            + $"loss {Range(saes, sae => sae.Loss, Numbers.Short)}  "
            + $"L0 {Range(saes, sae => sae.L0, l0 => Fixed(l0, 1))}{Moving(saes)}  "
            + $"R² {Range(saes, sae => sae.R2, r2 => Fixed(r2, 4))}  "
            + $"dead {Range(saes, sae => sae.Dead, dead => Counts.Exact((long)dead))}{latents}";
    }

    // From the least to the most of all SAEs.
    private static string Range(
        IReadOnlyList<StepProgress> saes,
        Func<StepProgress, double> figure,
        Func<double, string> text)
    {
        var (least, most) = (text(saes.Min(figure)), text(saes.Max(figure)));
        return least == most ? least : $"{least} … {most}";
    }

    // What schedules and controllers move, while they do.
    private static string Moving(IReadOnlyList<StepProgress> saes) =>
        saes is not [{ IsMoving: true } last] ? ""
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
