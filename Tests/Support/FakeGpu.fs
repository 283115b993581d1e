namespace SynthSae.Tests

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open SynthSae.Compute.Cuda
open SynthSae.Compute.Files
open Xunit

/// A call of the emulator's own.
[<UnmanagedFunctionPointer(CallingConvention.Cdecl)>]
type Setting = delegate of name: string * value: string -> int

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

    /// Run a program to its end: its exit code, output and errors.
    let execute (program: string) (arguments: string list) : int * string * string =
        let start = ProcessStartInfo(program, arguments)
        start.RedirectStandardOutput <- true
        start.RedirectStandardError <- true
        use running = Process.Start start
        let errors = running.StandardError.ReadToEndAsync()
        let output = running.StandardOutput.ReadToEnd()
        running.WaitForExit()
        running.ExitCode, output, errors.Result

    /// Run one of the emulator's scripts; its output when it fails becomes the failure.
    let run (script: string) (arguments: string list) =
        match execute "bash" (Path.Combine(emulator, script) :: arguments) with
        | 0, _, _ -> ()
        | _, output, errors -> failwith $"{script} failed:\n{output}\n{errors}"

    let private buildUnlessThere (source: string) : string =
        let parts = Directory.GetFiles emulator |> Array.sort |> Array.map File.ReadAllText
        let hash = Checksum.fnv1a (String.concat "" (Array.append [| source |] parts))
        let folder = Path.Combine(AppContext.BaseDirectory, $"cuda-{hash}")

        if not (Directory.Exists folder) then
            let making = $"{folder}.{Environment.ProcessId}"
            Directory.CreateDirectory making |> ignore
            let kernels = Path.Combine(making, "kernels.cu")
            File.WriteAllText(kernels, source)
            run "build.sh" [ kernels; making ]

            try
                Directory.Move(making, folder)
            with :? IOException when Directory.Exists folder ->
                Directory.Delete(making, true)

        folder

    let private building = obj ()

    /// Libraries made of these kernels, in a folder by their content.
    let build (source: string) : string =
        lock building (fun () -> buildUnlessThere source)

    let private libraries = lazy (build Kernels.source)

    let private call: Lazy<string -> Setting> =
        lazy
            (let file = Path.Combine(libraries.Force(), "libcuda.so.1")
             let library = NativeLibrary.Load file

             fun name ->
                 let address = NativeLibrary.GetExport(library, name)
                 Marshal.GetDelegateForFunctionPointer<Setting> address)

    /// Change a setting of the emulator in this process (Emulator/settings.h lists them); "" is its usual value.
    let set (name: string) (value: string) =
        call.Force () "cpucuda_set" |> fun set -> set.Invoke(name, value) |> ignore

    /// The ways in which the threads of a block can take turns.
    let schedules = [ "round-robin"; "reversed"; "warp-first"; "last-warp-first"; "random" ]

    /// Do some work under each schedule.
    let inSchedules (work: string -> unit) =
        try
            for schedule in schedules do
                set "schedule" schedule
                work schedule
        finally
            set "schedule" ""

    let private opened =
        lazy
            (Environment.SetEnvironmentVariable(Library.PathVariable, libraries.Force())
             Devices.openIndex 0)

    /// The one GPU of the tests. Tests that use it belong to the collection "gpu", whose tests run one after another. A
    /// kernel's fault in an earlier test is forgotten.
    let gpu () =
        let gpu = opened.Force()
        call.Force () "cpucuda_forget_fault" |> fun forget -> forget.Invoke("", "") |> ignore
        gpu

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
