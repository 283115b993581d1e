using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;

namespace SynthSae.Reports;

/// <summary>Describes a saved SAE by its parameters.</summary>
internal sealed class SaeReport(SavedSae saved, Host host)
{
    /// <summary>Write it.</summary>
    public void Write()
    {
        var sae = saved.Sae;
        host.Out.WriteLine($"{saved.Folder}: a sparse autoencoder ({saved.Architecture})");
        host.Out.WriteLine();
        var table = new TextTable(new(""), new(""))
            .Add("  latents", Counts.Exact(sae.Latents))
            .Add("  dimension", Counts.Exact(sae.Dim))
            .Add("  parameters", Counts.Short(2.0 * sae.Latents * sae.Dim + sae.Latents + sae.Dim))
            .Add("  activation", Activation(sae.Activation))
            .Add("  input", sae.ApplyDecoderBiasToInput ? "x − b_dec" : "x")
            .Add("  decoder norms", Range(Norms(sae.Decoder)))
            .Add("  encoder norms", Range(Norms(sae.Encoder)))
            .Add("  encoder bias", Range(sae.EncoderBias))
            .Add("  |decoder bias|", Numbers.Short(Norm(sae.DecoderBias)));
        if (saved.Pruning is { } pruning)
        {
            table.Add("  pruning", pruning.Words);
        }

        table.Write(host.Out, host.Width);
    }

    private static string Activation(Activation activation) =>
        activation switch
        {
            Compute.Activation.TopK top => $"TopK: the {top.k} largest of each sample",
            Compute.Activation.BatchTopK batch =>
                $"BatchTopK: {batch.k} per sample, chosen over the batch",
            Compute.Activation.JumpRelu jump =>
                $"JumpReLU: values above a threshold; thresholds {Range(jump.threshold)}",
            _ => "ReLU: values above 0",
        };

    private static string Range(float[] values)
    {
        var (least, most) = (values.Min(), values.Max());
        return least == most
            ? $"all {Numbers.Short(least)}"
            : $"{Numbers.Short(least)} … {Numbers.Short(most)}, "
                + $"mean {Numbers.Short(values.Average())}";
    }

    private static float[] Norms(Matrix rows) =>
        [.. Enumerable.Range(0, rows.Rows).Select(row => (float)Norm(rows.Row(row)))];

    private static double Norm(ReadOnlySpan<float> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += (double)value * value;
        }

        return Math.Sqrt(sum);
    }
}
