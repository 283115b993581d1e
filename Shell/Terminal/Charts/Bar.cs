namespace SynthSae.Terminal.Charts;

/// <summary>One bar.</summary>
/// <param name="Label">To its left.</param>
/// <param name="Value">Its length; NaN: none.</param>
/// <param name="Text">To its right; the value in words.</param>
/// <param name="Colour">Of the bar.</param>
internal readonly record struct Bar(string Label, double Value, string Text, Colour Colour);
