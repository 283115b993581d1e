using System.Runtime.InteropServices;
using System.Text;
using Microsoft.FSharp.Core;
using SynthSae.Compute.Cuda;

namespace SynthSae.Runs;

/// <summary>
/// How busy a GPU is, by NVIDIA's management library (NVML), which comes with the driver. It asks
/// the driver and does not disturb what computes.
/// </summary>
internal sealed class GpuMeter
{
    private const string Nvml = "libnvidia-ml.so.1";
    private const int Success = 0;

    private readonly nint _device;
    private readonly GetUtilization _utilization;
    private readonly GetMemory _memory;

    private GpuMeter(nint device, GetUtilization utilization, GetMemory memory) =>
        (_device, _utilization, _memory) = (device, utilization, memory);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int Init();

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int GetHandle(byte[] pciBusId, out nint device);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int GetUtilization(nint device, out Utilization utilization);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int GetMemory(nint device, out Memory memory);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int GetDevice(out int device, int ordinal);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int GetBusId(byte[] busId, int length, int device);

    /// <summary>Share of the last moments at which it was at work, from 0 to 1; NaN if not
    /// known.</summary>
    public double Share =>
        _utilization(_device, out var found) == Success ? found.Gpu / 100.0 : double.NaN;

    /// <summary>Memory that is taken on it, by whomever; -1 if not known.</summary>
    public long Bytes => _memory(_device, out var found) == Success ? (long)found.Used : -1;

    /// <summary>The meter of an open GPU; null where there is none.</summary>
    public static GpuMeter? Of(Gpu gpu)
    {
        // NVML counts GPUs in another order than CUDA, but both know their places on the bus.
        if (BusId(gpu.Info.Index) is not { } place
            || !NativeLibrary.TryLoad(Nvml, out var library)
            || Find<Init>(library, "nvmlInit_v2")?.Invoke() != Success
            || Find<GetHandle>(library, "nvmlDeviceGetHandleByPciBusId_v2") is not { } handle
            || handle(place, out var device) != Success)
        {
            return null;
        }

        return Find<GetUtilization>(library, "nvmlDeviceGetUtilizationRates") is { } utilization
            && Find<GetMemory>(library, "nvmlDeviceGetMemoryInfo") is { } memory
                ? new GpuMeter(device, utilization, memory)
                : null;
    }

    private static byte[]? BusId(int ordinal)
    {
        if (OptionModule.ToObj(Library.search(CudaLibrary.Driver).Found) is not { } driver
            || !NativeLibrary.TryLoad(driver.Item1, out var library)
            || Find<GetDevice>(library, "cuDeviceGet") is not { } get
            || Find<GetBusId>(library, "cuDeviceGetPCIBusId") is not { } busId)
        {
            return null;
        }

        var text = new byte[32];
        return get(out var device, ordinal) == Success
            && busId(text, text.Length - 1, device) == Success
            && Encoding.ASCII.GetString(text).Contains(':')
                ? text
                : null;
    }

    private static T? Find<T>(nint library, string name)
        where T : Delegate =>
        NativeLibrary.TryGetExport(library, name, out var address)
            ? Marshal.GetDelegateForFunctionPointer<T>(address)
            : null;

    [StructLayout(LayoutKind.Sequential)]
    private struct Utilization
    {
        public uint Gpu;
        public uint Memory;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Memory
    {
        public ulong Total;
        public ulong Free;
        public ulong Used;
    }
}
