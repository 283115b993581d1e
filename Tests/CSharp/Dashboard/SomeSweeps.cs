using System.Globalization;
using System.Text.Json.Nodes;
using SynthSae.Dashboard;
using SynthSae.Dashboard.Runtime;
using SynthSae.Runs;
using SynthSae.Store;
using SynthSae.Sweeps;

namespace SynthSae.Tests.Dashboard;

/// <summary>Sweeps that are made up, and whoever reads them.</summary>
internal sealed class SomeSweeps : IEffectHandler
{
    public const string L0 = "20300102-020000-sweep-l0";
    public const string Worlds = "20300102-010000-sweep-worlds";

    /// <summary>How often each was read.</summary>
    public List<string> Read { get; } = [];

    /// <summary>
    /// Three architectures at five L0 with three seeds; with the last one a run failed and one is
    /// still running.
    /// </summary>
    public static SweepTable L0Table { get; } = Table(
        L0,
        "l0",
        ["architecture", "sae.target_l0"],
        from seed in Enumerable.Range(0, 3)
        from architecture in new[] { "batchtopk", "matryoshka", "jumprelu" }
        from l0 in new[] { 15, 20, 25, 35, 45 }
        let status = seed < 2 || architecture != "jumprelu" ? RunStatus.Finished
            : l0 == 45 ? RunStatus.Running
            : l0 == 35 ? RunStatus.Failed
            : RunStatus.Finished
        select ((string[])[architecture, $"{l0}"], seed, status,
            F1(architecture.Length, l0) + 0.01 * (seed - 1) * (architecture.Length - 8),
            (double)l0));

    /// <summary>Two fields that vary together, and nothing else.</summary>
    public static SweepTable WorldsTable { get; } = Table(
        Worlds,
        "worlds",
        ["synthetic_model.hidden_dim", "training_samples"],
        from dim in new[] { 256, 512, 1024 }
        select ((string[])[$"{dim}", $"{dim * 1000}"], 0, RunStatus.Finished, dim / 2000.0, 25.0));

    /// <summary>The runs of both in a store.</summary>
    public static FakeRuns Source()
    {
        var source = new FakeRuns();
        foreach (var table in new[] { WorldsTable, L0Table })
        {
            foreach (var trial in table.All)
            {
                source.Add(
                    trial.Entry.Run, trial.Status!.Value, sweep: table.Record.Id);
            }
        }

        return source;
    }

    public IEnumerable<Msg>? Handle(Effect effect)
    {
        if (effect is not Effect.ReadSweep { Sweep: var sweep })
        {
            return null;
        }

        Read.Add(sweep);
        return [new Msg.SweepRead(sweep, sweep == L0 ? L0Table : WorldsTable, null)];
    }

    private static double F1(int bend, int l0) =>
        0.9 - Math.Abs(l0 - 18 - bend) * 0.01 - bend * 0.01;

    private static SweepTable Table(
        string id,
        string name,
        string[] columns,
        IEnumerable<(string[] Point, int Seed, RunStatus Status, double F1, double L0)> trials)
    {
        var outcomes = trials.Select((trial, number) => Outcome(
            new SweepEntry(trial.Point, trial.Seed, $"{id[..15]}-{name}-{number:00}", 0),
            trial.Status,
            trial.F1,
            trial.L0)).ToList();
        var rows = outcomes
            .GroupBy(trial => string.Join(' ', trial.Entry.Point))
            .Select(group => new SweepTable.Row(group.First().Entry.Point, [.. group]));
        var record = new SweepRecord(
            id,
            name,
            FakeRuns.Now.ToString("s", CultureInfo.InvariantCulture),
            new JsonObject(),
            columns,
            [.. outcomes.Select(trial => trial.Entry)]);
        return new SweepTable(record, [.. rows], null);
    }

    private static TrialOutcome Outcome(
        SweepEntry entry, RunStatus status, double f1, double l0)
    {
        Scores Scored(double shift) => new(1000,
        [
            new Metric(MetricNames.F1, f1 + shift, 0.001),
            new Metric(MetricNames.Mcc, f1 - 0.1, 0),
            new Metric(MetricNames.R2, 0.5 + (l0 / 100), 0.001),
            new Metric(MetricNames.SaeL0, l0 * 0.98, 0.1),
            new Metric(MetricNames.Dead, 12, 1),
        ]);
        var scores = status != RunStatus.Finished ? [] : new Dictionary<ScoredForm, Scores>
        {
            [ScoredForm.Trained] = Scored(0.02),
            [ScoredForm.Saved] = Scored(0),
        };
        return new TrialOutcome(
            entry,
            status,
            status.Word(),
            status == RunStatus.Failed ? "the gradients are not finite" : null,
            scores,
            scores.Count > 0 ? 123_456 : double.NaN);
    }
}
