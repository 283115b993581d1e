using Microsoft.FSharp.Core;
using SynthSae.Compute;
using SynthSae.Compute.Cuda;
using SynthSae.Settings;

namespace SynthSae.Core;

/// <summary>Chooses the implementation of the computations.</summary>
internal static class Engine
{
    private static readonly Lock Opening = new();
    private static readonly Dictionary<DeviceChoice, Gpu> Open = [];

    /// <summary>
    /// The backend that the settings ask for; a GPU is opened when first asked for.
    /// </summary>
    /// <exception cref="BadInput">There is no such GPU, or it cannot be used.</exception>
    public static Backend Backend(this AppSettings settings) =>
        settings.Gpu() is { } gpu ? Compute.Backend.NewCuda(gpu, settings.Threads)
        : settings.UseReference ? Compute.Backend.Reference
        : Compute.Backend.NewCpu(settings.Threads);

    /// <summary>The GPU that the settings ask for, opened; null for the processor.</summary>
    /// <exception cref="BadInput">There is no such GPU, or it cannot be used.</exception>
    public static Gpu? Gpu(this AppSettings settings)
    {
        if (settings.Device is not { } choice)
        {
            return null;
        }

        lock (Opening)
        {
            if (!Open.TryGetValue(choice, out var gpu))
            {
                var cache = settings.CacheFolder is { } folder
                    ? FSharpOption<string>.Some(folder)
                    : FSharpOption<string>.None;
                Open[choice] = gpu = Devices.openDevice(cache, choice);
            }

            return gpu;
        }
    }
}
