using System.CommandLine;
using Microsoft.FSharp.Core;
using SynthSae.Compute;
using SynthSae.Compute.Cuda;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Commands;

/// <summary>Tries and measures a GPU.</summary>
internal sealed class GpuCommand : CliCommand
{
    public GpuCommand(Host host)
        : base("gpu", "Check that a GPU computes what it should, or measure its speed.")
    {
        Add(new GpuCheckCommand(host));
        Add(new GpuBenchCommand(host));
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae gpu check", "every kernel, and short trainings"),
        ("synthsae gpu bench", "how fast it is"),
    ];

    /// <summary>The option that chooses a GPU.</summary>
    public static Option<string> Device() =>
        new("--device")
        {
            Description = "The GPU: cuda, cuda:NUMBER or cuda:freest.",
            HelpName = "NAME",
            DefaultValueFactory = _ => "cuda",
        };

    /// <summary>Open the GPU; raises <see cref="BadInput"/> when there is none.</summary>
    public static Gpu Open(string device, AppSettings settings)
    {
        var choice = DeviceChoiceModule.parse(device);
        return choice.IsOk
            ? Devices.openDevice(OptionModule.OfObj(settings.CacheFolder), choice.ResultValue)
            : throw new BadInput("--device", choice.ErrorValue);
    }
}
