using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using SynthSae.Compute.Cuda;
using SynthSae.Formatting;

namespace SynthSae.Reports;

/// <summary>
/// The GPUs, and NVIDIA's libraries: which were found, where the others were looked for, and what
/// it costs that they are missing. A machine without a GPU is healthy.
/// </summary>
internal sealed class GpuReport
{
    private readonly FSharpResult<FSharpList<Device>, string> _devices = Devices.list();

    private readonly (string Key, string Name, Search Search, string Without)[] _libraries =
    [
        ("driver", "CUDA driver", Library.search(CudaLibrary.Driver), "no GPU can be used"),
        ("nvrtc", "NVRTC", Library.search(CudaLibrary.Nvrtc),
            "the driver compiles the embedded PTX instead, when a GPU is opened"),
        ("cublaslt", "cuBLASLt", Library.search(CudaLibrary.CublasLt),
            "the program's own tensor-core kernel multiplies instead, more slowly"),
    ];

    private static string Embedded =>
        EmbeddedKernels.tryLoad() is not { Value: var ptx }
            ? "none: NVRTC is needed"
            : EmbeddedKernels.isOf(Kernels.source, ptx)
                ? $"PTX for {EmbeddedKernels.Architecture} and newer"
                : "PTX of other sources than this program's: ./synthsae ptx makes it anew";

    /// <summary>Rows for the table of the machine.</summary>
    public void AddTo(TextTable table)
    {
        if (_devices.IsError)
        {
            table.Add("GPU", $"none: {_devices.ErrorValue}");
        }
        else
        {
            foreach (var device in _devices.ResultValue)
            {
                table.Add($"cuda:{device.Info.Index}", Describe(device));
            }
        }

        foreach (var (_, name, search, without) in _libraries)
        {
            table.Add(name, search.Found is { Value: var (path, version) }
                ? $"{version} ({path})"
                : $"not found: {without}");
        }

        table.Add("kernels", Embedded);
    }

    /// <summary>Where was looked for what is missing; nothing when all is there.</summary>
    public void WriteSearches(TextWriter writer, int width)
    {
        var missing = _libraries.Where(library => library.Search.Found is null).ToList();
        if (missing.Count == 0)
        {
            return;
        }

        var where = LibraryPlaces.Setting;
        writer.WriteLine($"Libraries for the GPU that were not found (looked for in {where}'s "
            + "folders, if it is set, else here):");
        var table = new TextTable(new(""), new(""), new(""));
        foreach (var (_, _, search, _) in missing)
        {
            var name = "  " + search.Name;
            foreach (var group in search.Tried.GroupBy(tried => tried.Item2))
            {
                table.Add(name, group.Key, string.Join(", ", group.Select(tried => tried.Item1)));
                name = "";
            }
        }

        table.Write(writer, width);
        writer.WriteLine();
    }

    /// <summary>For programs.</summary>
    public JsonObject ToJson()
    {
        var libraries = new JsonObject();
        foreach (var (key, _, search, _) in _libraries)
        {
            libraries[key] = ToJson(search);
        }

        return new JsonObject
        {
            ["devices"] = _devices.IsOk
                ? new JsonArray([.. _devices.ResultValue.Select(ToJson)])
                : new JsonArray(),
            ["problem"] = _devices.IsError ? _devices.ErrorValue : null,
            ["libraries"] = libraries,
            ["embedded_kernels"] = EmbeddedKernels.tryLoad() is { Value: var ptx }
                && EmbeddedKernels.isOf(Kernels.source, ptx),
        };
    }

    private static string Describe(Device device)
    {
        var info = device.Info;
        var free = device.FreeMemory is { Value: var bytes }
            ? $"{Numbers.Bytes(bytes)} free"
            : "cannot be opened at present";
        var usable = Devices.isUsable(info)
            ? ""
            : $": too old, {Devices.oldestCapability.Item1}.{Devices.oldestCapability.Item2} "
                + "is needed";
        return $"{info.Name}, {Numbers.Bytes(info.TotalMemory)} ({free}), "
            + $"compute capability {info.Major}.{info.Minor}{usable}";
    }

    private static JsonNode ToJson(Device device) =>
        new JsonObject
        {
            ["device"] = $"cuda:{device.Info.Index}",
            ["name"] = device.Info.Name,
            ["memory_bytes"] = device.Info.TotalMemory,
            ["free_bytes"] = device.FreeMemory is { Value: var free } ? free : null,
            ["compute_capability"] = $"{device.Info.Major}.{device.Info.Minor}",
            ["multiprocessors"] = device.Info.Multiprocessors,
            ["usable"] = Devices.isUsable(device.Info),
        };

    private static JsonObject ToJson(Search search)
    {
        var tried = search.Tried.Select(place => (JsonNode)new JsonObject
        {
            ["place"] = place.Item1,
            ["outcome"] = place.Item2,
        });
        return new JsonObject
        {
            ["file"] = search.Found is { Value: var (path, _) } ? path : null,
            ["version"] = search.Found is { Value: var (_, version) } ? version.ToString() : null,
            ["tried"] = new JsonArray([.. tried]),
        };
    }
}
