using Microsoft.FSharp.Core;
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
        var form = saved.Training ? ", training form, shown as it is used" : "";
        host.Out.WriteLine($"{saved.Folder}: a sparse autoencoder ({saved.Architecture}{form})");
        host.Out.WriteLine();
        var table = new TextTable(new(""), new(""))
            .Add("  latents", Counts.Exact(sae.Latents))
            .Add("  dimension", Counts.Exact(sae.Dim))
            .Add("  parameters", Counts.Short(Parameters(sae)))
            .Add("  input", Input(sae))
            .Add("  activation", Activation(sae.Activation));
        if (OptionModule.IsSome(sae.Refinement))
        {
            table.Add("  correction", Correction(sae.Refinement.Value));
        }

        table.Add("  decoder norms", Range(Norms(sae.Decoder)));
        if (sae.Encoder.Rows > 0)
        {
            table
                .Add("  encoder norms", Range(Norms(sae.Encoder)))
                .Add(sae.Activation.IsGated ? "  gate bias" : "  encoder bias",
                    Range(sae.EncoderBias));
        }

        if (sae.Activation is Compute.Activation.Gated gated)
        {
            table
                .Add("  magnitude bias", Range(gated.magnitudeBias))
                .Add("  magnitude scale",
                    Range([.. gated.magnitudeScale.Select(MathF.Exp)]));
        }

        table.Add("  |decoder bias|", Numbers.Short(Norm(sae.DecoderBias)));
        if (saved.Pruning is { } pruning)
        {
            table.Add("  pruning", pruning.Words);
        }

        table.Write(host.Out, host.Width);
        foreach (var note in saved.Notes)
        {
            host.Out.WriteLine($"note: {note}");
        }
    }

    private static double Parameters(Sae sae)
    {
        var parameters = ParametersModule.ofSae([], sae);
        return parameters.Matrices.Sum(matrix => (double)matrix.Item2.Length)
            + parameters.Vectors.Sum(vector => vector.Item2.Length);
    }

    private static string Input(Sae sae)
    {
        var scaled = sae.Scaling switch
        {
            { IsConstantNorm: true } => "x of norm √D",
            { IsLayerNorm: true } => "x of mean 0 and standard deviation 1",
            _ => "x",
        };
        return sae.ApplyDecoderBiasToInput ? $"{scaled} − b_dec" : scaled;
    }

    private static string Activation(Activation activation) =>
        activation switch
        {
            Compute.Activation.TopK top => $"TopK: the {top.k} largest of each sample",
            Compute.Activation.AbsTopK top =>
                $"AbsTopK: the {top.k} largest of each sample without regard to their sign",
            Compute.Activation.BatchTopK batch =>
                $"BatchTopK: {batch.k} per sample, chosen over the batch",
            Compute.Activation.JumpRelu jump =>
                $"JumpReLU: values above a threshold; thresholds {Range(jump.threshold)}",
            Compute.Activation.Gated => "Gated: magnitudes where a gate is open",
            Compute.Activation.Pursuit pursuit => Pursuit(pursuit.Item),
            _ => "ReLU: values above 0",
        };

    private static string Pursuit(PursuitLimits limits)
    {
        var text = $"matching pursuit: {Counts.Exact(limits.MaxIterations)} iterations at most";
        text += limits.ResidualThreshold > 0
            ? $", until the residual's norm is below {Numbers.Short(limits.ResidualThreshold)}"
            : "";
        return limits.StopOnDuplicateSupport ? $"{text}, until no new latent comes" : text;
    }

    private static string Correction(Refinement refinement)
    {
        var first = refinement.First is Compute.Activation.JumpRelu jump
            ? $"; thresholds before it {Range(jump.threshold)}"
            : "";
        return $"what a first selection leaves, times {Numbers.Short(refinement.Eta)}{first}";
    }

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
