using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.FSharp.Core;
using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Reports;

/// <summary>Statistics of a world as it is sampled, and of its feature directions.</summary>
internal sealed class WorldReport
{
    // Every pair of features enters; beyond this it takes minutes.
    private const double MostSuperpositionFlops = 1e12;

    private const string FeatureHeader =
        "feature,depth,probability,rate,mean_given_active,sd_given_active\n";

    private readonly LoadedWorld _loaded;
    private readonly SampleStatistics _samples;
    private readonly SuperpositionStatistics? _superposition;
    private readonly CorrelationStatistics? _correlation;

    /// <summary>Draw samples of the inspection stream and measure.</summary>
    public WorldReport(AppSettings settings, LoadedWorld loaded, int samples, int firstFeatures)
    {
        var world = loaded.World;
        var backend = settings.Backend();
        _loaded = loaded;
        _samples = SampleStatisticsModule.measure(
            loaded.Sampler(backend), samples, Math.Min(firstFeatures, world.NumFeatures));
        _superposition = world.NumFeatures > 1 && Flops(world) <= MostSuperpositionFlops
            ? Superposition.statistics(backend, world.Dictionary)
            : null;
        _correlation = world.Rank > 0
            ? CorrelationStatisticsModule.ofFactor(backend, world.Factor)
            : null;
    }

    /// <summary>For people.</summary>
    public void Write(Host host)
    {
        var world = _loaded.World;
        host.Out.WriteLine(
            $"{_loaded.Name}: {Counts.Exact(world.NumFeatures)} features in R^{world.HiddenDim}, "
            + $"{Counts.Exact(_samples.Samples)} samples; ± is one standard error");
        foreach (var note in _loaded.Notes)
        {
            host.Out.WriteLine($"note: {note}");
        }

        host.Out.WriteLine();
        WriteOverall(host);
        host.Out.WriteLine();
        WriteDepths(host);
    }

    /// <summary>For programs.</summary>
    public JsonObject ToJson()
    {
        var depths = new JsonArray();
        foreach (var depth in _samples.ByDepth)
        {
            depths.Add((JsonNode)new JsonObject
            {
                ["depth"] = Depth(depth),
                ["features"] = depth.Features,
                ["active"] = ToJson(depth.Active),
                ["rate_over_base"] = depth.RateOverBase,
            });
        }

        return new JsonObject
        {
            ["model"] = _loaded.Name,
            ["num_features"] = _loaded.World.NumFeatures,
            ["hidden_dim"] = _loaded.World.HiddenDim,
            ["samples"] = _samples.Samples,
            ["true_l0"] = ToJson(_samples.TrueL0),
            ["true_l0_quantiles"] = QuantilesJson(),
            ["first_features"] = _samples.FirstFeatures,
            ["first_l0"] = ToJson(_samples.FirstL0),
            ["by_depth"] = depths,
            ["root_active"] = _samples.RootActive,
            ["norm"] = ToJson(_samples.Norm),
            ["mean_squared_norm"] = _samples.MeanSquaredNorm,
            ["squared_norm_of_mean"] = _samples.SquaredNormOfMean,
            ["total_variance"] = _samples.TotalVariance,
            ["superposition"] = SuperpositionJson(),
            ["correlation"] = _correlation is null
                ? null
                : new JsonObject { ["rms"] = _correlation.Rms, ["mean"] = _correlation.Mean },
        };
    }

    /// <summary>Nominal and achieved rate, and values where active, one line per feature.</summary>
    public string FeatureTable()
    {
        var world = _loaded.World;
        var text = new StringBuilder(FeatureHeader);
        for (var feature = 0; feature < world.NumFeatures; feature++)
        {
            var node = world.Forest.NodeOfFeature[feature];
            var found = _samples.Features[feature];
            text.AppendJoin(
                ',',
                feature,
                node < 0 ? "" : world.Forest.Depth[node],
                Cell(world.BaseProbability[feature]),
                Cell(found.Rate),
                Cell(found.MeanGivenActive),
                Cell(found.SdGivenActive)).Append('\n');
        }

        return text.ToString();
    }

    private void WriteOverall(Host host)
    {
        var table = new TextTable(new(""), new("mean"), new("sd"), new(""));
        table.Add("active features (L0)", Mean(_samples.TrueL0), Sd(_samples.TrueL0), Quantiles());
        if (_samples.FirstFeatures < _loaded.World.NumFeatures)
        {
            var name = $"of the first {Counts.Exact(_samples.FirstFeatures)}";
            table.Add(name, Mean(_samples.FirstL0), Sd(_samples.FirstL0));
        }

        table.Add("norm |x|", Mean(_samples.Norm), Sd(_samples.Norm));
        table.Add("total variance", Numbers.Short(_samples.TotalVariance), "", "E|x|² − |E x|²");
        if (_superposition is { } directions)
        {
            table.Add(
                "largest |cos| (ρ_mm)",
                Numbers.Short(directions.MeanMaxAbsCos),
                "",
                "of a feature's direction with another's, mean over features");
            table.Add("|cos| of two features", Numbers.Short(directions.MeanAbsCos));
        }

        if (_correlation is { } correlation)
        {
            table.Add(
                "correlation, RMS",
                Numbers.Short(correlation.Rms),
                "",
                "of the Gaussians that decide which features fire");
        }

        table.Write(host.Out, host.Width);
    }

    private void WriteDepths(Host host)
    {
        var table = new TextTable(
            new("depth"),
            new("features", Right: true),
            new("active per sample", Right: true),
            new("achieved / nominal rate", Right: true));
        foreach (var depth in _samples.ByDepth)
        {
            table.Add(
                Depth(depth)?.ToString(CultureInfo.InvariantCulture) ?? "outside",
                Counts.Exact(depth.Features),
                Mean(depth.Active),
                Numbers.Short(depth.RateOverBase));
        }

        table.Write(host.Out, host.Width);
    }

    private string Quantiles() =>
        "quantiles " + string.Join("  ", _samples.TrueL0Quantiles.Select(pair =>
            string.Create(CultureInfo.InvariantCulture, $"{pair.Item1 * 100:0}%: {pair.Item2:0}")));

    private JsonObject QuantilesJson()
    {
        var json = new JsonObject();
        foreach (var (probability, quantile) in _samples.TrueL0Quantiles)
        {
            json[probability.ToString(CultureInfo.InvariantCulture)] = quantile;
        }

        return json;
    }

    private JsonObject? SuperpositionJson()
    {
        if (_superposition is not { } directions)
        {
            return null;
        }

        var json = new JsonObject
        {
            ["mean_max_abs_cos_sim"] = directions.MeanMaxAbsCos,
            ["mean_abs_cos_sim"] = directions.MeanAbsCos,
        };
        for (var i = 0; i < directions.Percentiles.Length; i++)
        {
            var name = $"mean_percentile_abs_cos_sim{(int)directions.Percentiles[i]}";
            json[name] = directions.MeanPercentileAbsCos[i];
        }

        return json;
    }

    private static JsonObject ToJson(Spread spread) =>
        new()
        {
            ["mean"] = Json.Number(spread.Mean),
            ["sd"] = Json.Number(spread.Sd),
            ["standard_error"] = Json.Number(spread.StandardError),
        };

    private static int? Depth(DepthStatistics depth) =>
        OptionModule.IsSome(depth.Depth) ? depth.Depth.Value : null;

    private static string Cell(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Mean(Spread spread) =>
        Numbers.WithError(spread.Mean, spread.StandardError);

    private static string Sd(Spread spread) => Numbers.Short(spread.Sd);

    private static double Flops(World world) =>
        2.0 * world.NumFeatures * world.NumFeatures * world.HiddenDim;
}
