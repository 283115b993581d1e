namespace SynthSae.Store;

/// <summary>A measured value.</summary>
/// <param name="Step">After so many steps.</param>
/// <param name="Samples">And so many samples.</param>
/// <param name="Value">What was measured.</param>
internal readonly record struct MetricPoint(long Step, long Samples, double Value);

/// <summary>A metric of one SAE over the steps of a run, which grow from point to point.</summary>
/// <param name="name">E.g. <c>loss</c>, <c>losses.mse_loss</c>, <c>eval.f1_score</c>.</param>
/// <param name="sae">The SAE, from 0.</param>
internal sealed class MetricSeries(string name, int sae)
{
    private readonly List<MetricPoint> _points = [];

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>The SAE, from 0.</summary>
    public int Sae => sae;

    /// <summary>The values.</summary>
    public IReadOnlyList<MetricPoint> Points => _points;

    /// <summary>Append a value; those of later steps were lost, and come again.</summary>
    internal void Add(MetricPoint point)
    {
        Cut(point.Step - 1);
        _points.Add(point);
    }

    /// <summary>Forget what came after a step.</summary>
    internal void Cut(long step)
    {
        while (_points.Count > 0 && _points[^1].Step > step)
        {
            _points.RemoveAt(_points.Count - 1);
        }
    }
}
