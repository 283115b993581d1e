namespace SynthSae.Tests

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open SynthSae.Compute.Cuda
open SynthSae.Compute.Files
open Xunit

/// `cpucuda_set` of the emulated driver.
type SetInEmulator = delegate of name: string * value: string -> int

/// The kernels compiled for the CPU behind a driver with the symbols of NVIDIA's (Cuda/Emulator), so that everything
/// about the GPU but its speed can be tested without one. It needs g++.
module FakeGpu =
    /// Where the sources of the tests are.
    let private root =
        let rec up (folder: DirectoryInfo) =
            if isNull folder then failwith "the tests run outside the repository"
            elif File.Exists(Path.Combine(folder.FullName, "SynthSae.sln")) then folder.FullName
            else up folder.Parent

        up (DirectoryInfo AppContext.BaseDirectory)

    /// The folder of the emulator.
    let emulator = Path.Combine(root, "Tests", "Cuda", "Emulator")

    /// Why there is none, if there is none.
    let missing: string option =
        let onPath name =
            (string (Environment.GetEnvironmentVariable "PATH")).Split ':'
            |> Array.exists (fun folder -> File.Exists(Path.Combine(folder, name)))

        if onPath "g++" then None else Some "there is no g++ to compile the kernels with"

    /// Run a program; its output when it fails becomes the failure.
    let private run (program: string) (arguments: string list) =
        let start = ProcessStartInfo(program, arguments)
        start.RedirectStandardOutput <- true
        start.RedirectStandardError <- true
        use running = Process.Start start
        let errors = running.StandardError.ReadToEndAsync()
        let output = running.StandardOutput.ReadToEnd()
        running.WaitForExit()

        if running.ExitCode <> 0 then
            failwith $"{program} failed:\n{output}\n{errors.Result}"

    /// Libraries made of these kernels, in a folder by their content.
    let build (source: string) : string =
        let parts = Directory.GetFiles emulator |> Array.sort |> Array.map File.ReadAllText
        let hash = Checksum.fnv1a (String.concat "" (Array.append [| source |] parts))
        let folder = Path.Combine(AppContext.BaseDirectory, $"cuda-{hash}")

        if not (Directory.Exists folder) then
            let making = $"{folder}.{Environment.ProcessId}"
            Directory.CreateDirectory making |> ignore
            let kernels = Path.Combine(making, "kernels.cu")
            File.WriteAllText(kernels, source)
            run "bash" [ Path.Combine(emulator, "build.sh"); kernels; making ]

            try
                Directory.Move(making, folder)
            with :? IOException when Directory.Exists folder ->
                Directory.Delete(making, true)

        folder

    let private opened =
        lazy
            (let folder = build Kernels.source
             Environment.SetEnvironmentVariable(Library.PathVariable, folder)
             Devices.openIndex 0)

    /// Set something about the emulated driver (Cuda/Emulator/settings.h) for the rest of the process, as if its variable
    /// had been set; an empty value takes it back.
    let set (name: string) (value: string) =
        let driver = NativeLibrary.Load(Path.Combine(build Kernels.source, "libcuda.so.1"))

        let set =
            Marshal.GetDelegateForFunctionPointer<SetInEmulator>(
                NativeLibrary.GetExport(driver, "cpucuda_set")
            )

        set.Invoke(name, value) |> ignore

    /// The one GPU of the tests. Tests that use it belong to the collection "gpu", whose tests run one after another.
    let gpu () = opened.Force()

/// A test on the emulated GPU.
[<AttributeUsage(AttributeTargets.Method)>]
type CudaFactAttribute() =
    inherit FactAttribute()

    override _.Skip
        with get () = Option.toObj FakeGpu.missing
        and set _ = ()

/// A test on the emulated GPU with data.
[<AttributeUsage(AttributeTargets.Method)>]
type CudaTheoryAttribute() =
    inherit TheoryAttribute()

    override _.Skip
        with get () = Option.toObj FakeGpu.missing
        and set _ = ()
