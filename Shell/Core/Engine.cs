using SynthSae.Compute;
using SynthSae.Settings;

namespace SynthSae.Core;

/// <summary>Chooses the implementation of the computations.</summary>
public static class Engine
{
    /// <summary>The backend that the settings ask for.</summary>
    public static Backend Backend(this AppSettings settings) =>
        settings.UseReference
            ? Compute.Backend.Reference
            : Compute.Backend.NewCpu(settings.Threads);
}
