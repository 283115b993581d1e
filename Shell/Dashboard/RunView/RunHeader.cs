using SynthSae.Dashboard.Panes;
using SynthSae.Dashboard.RunList;
using SynthSae.Formatting;
using SynthSae.Store;
using SynthSae.Store.Filtering;
using SynthSae.Terminal;

namespace SynthSae.Dashboard.RunView;

/// <summary>How a run stands, in a few lines.</summary>
internal static class RunHeader
{
    private const double ManyDead = 0.1;

    /// <summary>Draw it.</summary>
    /// <returns>What is left of the area below.</returns>
    public static Rect Draw(
        Frame frame, Rect area, RunSummary run, RunCurves curves, DateTime now)
    {
        var most = area.Height >= 18 ? 9 : area.Height >= 14 ? 2 : 1;
        var rest = Flow.Draw(frame, area, State(run, now, area.Width), most);
        rest = Flow.Draw(frame, rest, Figures(run), most);
        if (area.Height >= 14)
        {
            rest = Flow.Draw(frame, rest, Machine(run, now), most);
        }

        return Flow.Draw(frame, rest, Warnings(run, curves).Take(2), 2);
    }

    /// <summary>What the reader should look at; the most urgent first.</summary>
    public static IEnumerable<(string Text, Style Style)> Warnings(RunSummary run, RunCurves curves)
    {
        if (run.Snapshot.Message is { Length: > 0 } message)
        {
            yield return ($"! {message.Split('\n')[0]}", run.Status.Style());
        }

        var notes = curves.Markers.Where(marker => marker.Event == "note");
        if (notes.LastOrDefault(note => note.Text.Contains("out of reach")) is { } saturated)
        {
            yield return ($"! {saturated.Text}", Style.Warn);
        }

        var dead = SaeRange.Of(run.Snapshot, DeadShare).Most;
        if (dead > ManyDead)
        {
            yield return (
                $"! {Advance.Percent(dead)} of the latents are dead: they have long not fired",
                Style.Warn);
        }
    }

    /// <summary>Status, progress, pace.</summary>
    public static IEnumerable<(string Text, Style Style)> State(
        RunSummary run, DateTime now, int width)
    {
        var snapshot = run.Snapshot;
        var share = RunProgress.Share(snapshot);
        yield return ($"{run.Status.Letter()} {run.Status.Word()}", run.Status.Style());
        yield return (
            $"{Advance.Bar(share, Math.Clamp(width / 6, 6, 24))} {Advance.Percent(share)}",
            Style.Plain);
        if (run.Status == RunStatus.Running)
        {
            yield return run.Silence(now) is { } silence
                ? ($"stale {Advance.Left(silence.TotalSeconds)}", Style.Warn)
                : (Doing(snapshot), Style.Strong);
        }

        yield return (
            $"step {Counts.Exact(snapshot.Step)} of {Counts.Exact(snapshot.Steps)}", Style.Plain);
        if (run.Status == RunStatus.Running && snapshot.SamplesPerSecond > 0)
        {
            yield return ($"{Counts.Short(snapshot.SamplesPerSecond)} samples/s", Style.Plain);
        }
    }

    private static string Doing(RunSnapshot run) =>
        run.Phase == "training" && run.SecondsLeft >= 0
            ? $"{Durations.Words(run.SecondsLeft)} left" :
        run.Phase == "evaluation" && run.ScoringShare > 0
            ? $"scoring {Advance.Percent(run.ScoringShare)}"
            : run.Phase.Length > 0 ? run.Phase : "starting";

    private static IEnumerable<(string Text, Style Style)> Figures(RunSummary run)
    {
        var now = run.Snapshot;
        if (now.Saes.Count == 0)
        {
            yield break;
        }

        if (now.Saes.Count > 1)
        {
            yield return ($"{now.Saes.Count} SAEs", Style.Strong);
        }

        var wanted = SaeRange.Of(now, sae => sae.K);
        yield return ($"loss {Text(now, sae => sae.Loss)}", Style.Plain);
        yield return (
            $"L0 {Text(now, sae => sae.L0)}"
                + (double.IsNaN(wanted.Least) ? "" : $" of {wanted.Text(9, SaeRange.Plain)}"),
            Style.Plain);
        yield return ($"R² {Text(now, sae => sae.R2)}", Style.Plain);
        var dead = SaeRange.Of(now, sae => sae.Dead < 0 ? double.NaN : sae.Dead);
        yield return (
            $"dead {dead.Text(11, SaeRange.Plain)}"
                + (now.Saes is [var one] ? $" of {Counts.Exact(one.Latents)}" : ""),
            Style.Plain);
        yield return ($"MCC {Text(now, sae => sae.Mcc)}", Style.Plain);
        yield return ($"F1 {Text(now, sae => sae.F1)}{ScoredAt(now)}", Style.Plain);
    }

    private static string ScoredAt(RunSnapshot run) =>
        run.Status != RunStatus.Finished
            && run.Saes.Max(sae => sae.ScoredAtStep) is >= 0 and var step
            ? $" (step {Counts.Exact(step)})"
            : "";

    private static IEnumerable<(string Text, Style Style)> Machine(RunSummary run, DateTime now)
    {
        var snapshot = run.Snapshot;
        yield return ($"{snapshot.Device ?? "cpu"}, {snapshot.Threads} threads", Style.Muted);
        if (run.Status == RunStatus.Running)
        {
            yield return (DeviceLine.Load(snapshot), Style.Muted);
            yield return (DeviceLine.Host(snapshot), Style.Muted);
        }

        yield return (snapshot.Host is { } host ? $"on {host}" : "", Style.Muted);
        yield return (
            snapshot.Started is { } started ? $"began {When(started)}"
                : $"made {When(snapshot.Created)}",
            Style.Muted);
        yield return ($"last word {When(snapshot.Updated)}", Style.Muted);
        yield return (run.Labels.Note ?? "", Style.Plain);

        // Where nothing happens nothing changes on the screen, either.
        string When(DateTime time) =>
            run.Status == RunStatus.Running ? $"{Advance.Ago(time, now)} ago" : Advance.At(time);
    }

    private static string Text(RunSnapshot run, Func<SaeFigures, double> figure) =>
        SaeRange.Of(run, figure).Text(13, SaeRange.Compact);

    private static double DeadShare(SaeFigures sae) =>
        sae is { Dead: >= 0, Latents: > 0 } ? (double)sae.Dead / sae.Latents : double.NaN;
}
