using System.Globalization;
using System.Text.Json.Nodes;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;
using SynthSae.Store;

namespace SynthSae.Reports;

/// <summary>SAEs side by side: in what their specifications differ, and their metrics.</summary>
internal sealed class CompareReport
{
    private const string None = "–";
    private const int MostDetailed = 3;

    private readonly IReadOnlyList<ComparedSae> _saes;
    private readonly IReadOnlyList<SpecDifference> _spec;
    private readonly IReadOnlyList<string> _metrics;

    public CompareReport(IReadOnlyList<ComparedSae> saes)
    {
        _saes = saes;
        _spec = SpecDifference.Of([.. saes.Select(sae => sae.Spec)]);
        _metrics =
        [
            .. saes.SelectMany(sae => sae.Metrics).Select(metric => metric.Name).Distinct(),
        ];
    }

    /// <summary>
    /// {runs: [{label, run, sae, status}], spec: [{path, values}], metrics: [{name, values:
    /// [{value, standard_error}]}]}, values in the order of the runs.
    /// </summary>
    public JsonObject ToJson() =>
        new()
        {
            ["runs"] = new JsonArray([.. _saes.Select(sae => new JsonObject
            {
                ["label"] = sae.Label,
                ["run"] = sae.Run.Id,
                ["sae"] = sae.Index,
                ["status"] = sae.Run.Status.Word(),
            })]),
            ["spec"] = new JsonArray([.. _spec.Select(field => new JsonObject
            {
                ["path"] = field.Path,
                ["values"] = new JsonArray([.. field.Values.Select(value =>
                    value is null ? null : JsonNode.Parse(value))]),
            })]),
            ["metrics"] = new JsonArray([.. _metrics.Select(name => new JsonObject
            {
                ["name"] = name,
                ["values"] = new JsonArray([.. _saes.Select(sae => sae[name]?.ToJson())]),
            })]),
        };

    /// <summary>The tables.</summary>
    public void Write(Host host)
    {
        foreach (var sae in _saes)
        {
            var which = sae.Label.Length > 1 ? $", SAE {sae.Index}" : "";
            host.Out.WriteLine($"{sae.Label}  {sae.Run.Id}{which}  {sae.Run.Status.Word()}");
        }

        host.Out.WriteLine();
        if (_spec.Count == 0)
        {
            host.Out.WriteLine("The specifications are the same.");
        }
        else
        {
            WriteSpec(host);
        }

        host.Out.WriteLine();
        WriteMetrics(host);
    }

    private void WriteSpec(Host host)
    {
        var table = new TextTable(
            [new("field"), .. _saes.Select(sae => new TextTable.Column(sae.Label, true))]);
        foreach (var field in _spec)
        {
            table.Add([field.Path, .. field.Values.Select(Short)]);
        }

        table.Write(host.Out);
    }

    // With few there is room for what each has more than the first.
    private void WriteMetrics(Host host)
    {
        var detailed = _saes.Count <= MostDetailed;
        var differences = _saes.Skip(1)
            .Select(sae => new TextTable.Column($"{sae.Label} − {_saes[0].Label}", true));
        var table = new TextTable(
        [
            new("metric"),
            .. _saes.Select(sae => new TextTable.Column(sae.Label, true)),
            .. detailed ? differences : [],
        ]);
        foreach (var name in _metrics)
        {
            table.Add(
            [
                Title(name),
                .. _saes.Select(sae => Cell(sae[name], detailed)),
                .. detailed
                    ? _saes.Skip(1).Select(sae => Difference(_saes[0][name], sae[name]))
                    : [],
            ]);
        }

        table.Write(host.Out);
    }

    private static string Title(string name) =>
        name switch
        {
            "samples" => "samples trained on",
            "samples_per_second" => "samples/s",
            "training_loss" => "loss in training",
            "training_l0" => "L0 in training",
            "training_r2" => "R² in training",
            _ => MetricNames.Title(name),
        };

    private static string Cell(Metric? metric, bool detailed) =>
        metric is null || double.IsNaN(metric.Value) ? None
        : detailed ? Numbers.WithError(metric.Value, metric.StandardError)
        : Numbers.Concise(metric.Value, metric.StandardError);

    // Each has an error of its own; where both were scored on the same samples it is smaller.
    private static string Difference(Metric? from, Metric? to)
    {
        var difference = (to?.Value - from?.Value) ?? double.NaN;
        if (double.IsNaN(difference))
        {
            return "";
        }

        var error = double.Hypot(from!.StandardError, to!.StandardError);
        var text = Numbers.WithError(difference, error);
        return difference > 0 ? $"+{text}" : text;
    }

    private static string Short(string? json)
    {
        const int most = 28;
        var text = json is null ? None
            : double.TryParse(
                json, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                && Math.Abs(number) >= 1000 && number % 1 == 0 ? Counts.Exact((long)number)
            : json.Trim('"');
        return text.Length <= most ? text : text[..(most - 1)] + "…";
    }
}
