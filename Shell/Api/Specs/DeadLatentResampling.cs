using Microsoft.FSharp.Core;
using SynthSae.Spec;

namespace SynthSae;

/// <summary>Dead latents are given a new start at samples that are reconstructed badly.</summary>
public sealed record DeadLatentResampling
{
    /// <summary>Steps between resamplings; at least 1.</summary>
    public int Every { get; init; } = 2500;

    /// <summary>Share of the run in which there are any; in [0, 1].</summary>
    public double Until { get; init; } = 0.8;

    /// <summary>A latent is resampled when it has not fired for more than so many steps.</summary>
    public int Window { get; init; } = 100;

    /// <summary>Fresh samples that are looked at; at least 1.</summary>
    public int Samples { get; init; } = 8192;

    /// <summary>Norm of new encoder rows relative to the mean of live ones; above 0.</summary>
    public double EncoderScale { get; init; } = 0.2;

    internal static DeadLatentResampling? OfCore(FSharpOption<Resampling>? core) =>
        OptionModule.IsNone(core!) ? null : new DeadLatentResampling
        {
            Every = core!.Value.Every,
            Until = core.Value.Until,
            Window = core.Value.Window,
            Samples = core.Value.Samples,
            EncoderScale = core.Value.EncoderScale,
        };

    internal FSharpOption<Resampling> ToCore() => FSharpOption<Resampling>.Some(
        new Resampling(Every, Until, Window, Samples, EncoderScale));
}
