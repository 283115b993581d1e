namespace SynthSae.Dashboard;

/// <summary>What a layer has become, and what is to be done.</summary>
internal sealed record Step(Layer Layer, IReadOnlyList<Effect> Effects)
{
    public static implicit operator Step(Layer layer) => new(layer, []);
}
