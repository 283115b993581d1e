using System.Text.Json.Nodes;
using SynthSae.Formatting;
using SynthSae.Slurm;
using SynthSae.Store;

namespace SynthSae.Sweeps;

/// <summary>What has come out of a sweep so far: a row for each point, over its seeds.</summary>
/// <param name="Record">The sweep.</param>
/// <param name="Rows">The points, in their order.</param>
/// <param name="Problem">Why it is not sure how runs stand; null if it is.</param>
internal sealed record SweepTable(
    SweepRecord Record, IReadOnlyList<SweepTable.Row> Rows, string? Problem)
{
    /// <summary>One point.</summary>
    /// <param name="Point">The value of each column.</param>
    /// <param name="Trials">The point with each seed.</param>
    internal sealed record Row(IReadOnlyList<string> Point, IReadOnlyList<TrialOutcome> Trials)
    {
        /// <summary>How many trials have finished.</summary>
        public int Finished => Trials.Count(trial => trial.IsFinished);

        /// <summary>How many trials have failed.</summary>
        public int Failed => Trials.Count(trial => trial.IsFailed);

        /// <summary>Samples per second of its SAEs' own steps.</summary>
        public Spread SamplesPerSecond => Spread.Of(Trials.Select(trial => trial.SamplesPerSecond));

        /// <summary>
        /// How many trials have finished and what has become of the others, e.g. "3 of 5: 1 failed,
        /// 1 queued".
        /// </summary>
        public string Words
        {
            get
            {
                var others = Trials
                    .Where(trial => !trial.IsFinished)
                    .GroupBy(trial => trial.Word)
                    .Select(group => $"{group.Count()} {group.Key}");
                return Finished == Trials.Count
                    ? $"{Finished}"
                    : $"{Finished} of {Trials.Count}: {string.Join(", ", others)}";
            }
        }

        /// <summary>A metric over the seeds.</summary>
        public Spread this[ScoredForm form, string metric] =>
            Spread.Of(Trials.Select(trial => trial.Value(form, metric)));
    }

    /// <summary>Forms that have been scored.</summary>
    public IReadOnlyList<ScoredForm> Forms =>
        [.. ScoredForm.All.Where(form => All.Any(trial => trial.Scores.ContainsKey(form)))];

    /// <summary>Metrics that have been taken, in the order in which they are shown.</summary>
    public IReadOnlyList<string> Metrics =>
    [
        .. All.SelectMany(trial => trial.Scores.Values)
            .SelectMany(scores => scores.Metrics)
            .Select(metric => metric.Name)
            .Distinct(),
    ];

    /// <summary>Every trial.</summary>
    public IEnumerable<TrialOutcome> All => Rows.SelectMany(row => row.Trials);

    /// <summary>
    /// What a sweep that has come to its end ends with: trials that failed, or are not there, are
    /// no success.
    /// </summary>
    public int ExitCode => All.All(trial => trial.Status is not null && !trial.IsFailed)
        ? Hosting.ExitCode.Ok
        : Hosting.ExitCode.BadInput;

    /// <summary>Read what the runs of a sweep have left behind.</summary>
    /// <param name="folder">The sweep's folder.</param>
    /// <param name="record">What it says.</param>
    /// <param name="slurm">Who is asked after runs on a cluster; null for this machine's.</param>
    public static SweepTable Read(
        SweepFolder folder, SweepRecord record, SlurmClient? slurm = null)
    {
        var standings = SweepStandings.Read(folder, slurm ?? SlurmClient.OfMachine());
        var rows = TrialOutcome.Read(folder, record, standings)
            .GroupBy(trial => string.Join('\n', trial.Entry.Point))
            .Select(trials => new Row(trials.First().Entry.Point, [.. trials]));
        return new SweepTable(record, [.. rows], standings.Problem);
    }

    /// <summary>As an object: means and deviations of each point, and every trial.</summary>
    public JsonObject ToJson() => new()
    {
        ["schema"] = 1,
        ["sweep"] = Record.Id,
        ["name"] = Record.Name,
        ["columns"] = new JsonArray([.. Record.Columns.Select(name => JsonValue.Create(name))]),
        ["points"] = new JsonArray([.. Rows.Select(RowJson)]),
    };

    private JsonObject RowJson(Row row)
    {
        var json = new JsonObject
        {
            ["point"] = new JsonObject(Record.Columns.Zip(
                row.Point, (name, value) => KeyValuePair.Create(name, (JsonNode?)value))),
            ["runs"] = row.Trials.Count,
            ["finished"] = row.Finished,
            ["failed"] = row.Failed,
        };
        foreach (var form in Forms)
        {
            json[form.Key] = new JsonObject(Metrics.Select(metric =>
                KeyValuePair.Create(metric, (JsonNode?)row[form, metric].ToJson())));
        }

        json["samples_per_second"] = row.SamplesPerSecond.ToJson();
        json["trials"] = new JsonArray([.. row.Trials.Select(trial => trial.ToJson())]);
        return json;
    }
}
