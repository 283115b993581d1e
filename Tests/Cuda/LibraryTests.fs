/// The search for NVIDIA's libraries, in folders of small libraries that only tell a version.
module SynthSae.Tests.Cuda.LibraryTests

open System
open System.Diagnostics
open System.IO
open SynthSae.Compute.Cuda
open SynthSae.Tests
open Xunit

/// Compile C into a library.
let private make (file: string) (code: string) =
    Directory.CreateDirectory(Path.GetDirectoryName file) |> ignore

    let start =
        ProcessStartInfo(
            "g++",
            [ "-x"; "c++"; "-shared"; "-fPIC"; "-o"; file; "-" ],
            RedirectStandardInput = true
        )

    use compiler = Process.Start start
    compiler.StandardInput.Write code
    compiler.StandardInput.Close()
    compiler.WaitForExit()
    Assert.Equal(0, compiler.ExitCode)

let private driver (version: int) =
    $"extern \"C\" int cuDriverGetVersion(int* v) {{ *v = {version}; return 0; }}"

let private nvrtc (major: int) (minor: int) =
    "extern \"C\" int nvrtcVersion(int* a, int* b) "
    + $"{{ *a = {major}; *b = {minor}; return 0; }}"

let private cublasLt (version: int) =
    $"extern \"C\" unsigned long cublasLtGetVersion() {{ return {version}; }}"

/// Search in folders only.
let private search (folders: string list) library driver : Search =
    let surroundings =
        { Library.surroundings with
            Variable =
                fun name ->
                    if name = LibraryPlaces.Setting then Some(String.concat ":" folders) else None }

    snd (LibrarySearch.run surroundings library driver)

let private version (found: Search) = found.Found |> Option.map snd

[<CudaFact>]
let ``the driver's library is loaded and tells its version`` () =
    use folder = new TemporaryFolder()
    make (folder.File "libcuda.so.1") (driver 12040)
    let found = search [ folder.File "missing"; folder.Path ] CudaLibrary.Driver None
    Assert.Equal(Some(folder.File "libcuda.so.1", Version(12, 4)), found.Found)
    Assert.Equal<(string * string) list>([ folder.File "missing", "no such folder" ], found.Tried)
    Assert.Equal("", found.Problem)

[<CudaFact>]
let ``a newer major version in a later folder goes before an older one, unless the driver is older``
    ()
    =
    use folder = new TemporaryFolder()
    let old, recent = folder.File "old", folder.File "recent"
    make (Path.Combine(old, "libcublasLt.so.11")) (cublasLt 11803)
    make (Path.Combine(recent, "libcublasLt.so.12")) (cublasLt 120803)

    let found driver =
        search [ old; recent ] CudaLibrary.CublasLt driver |> version

    Assert.Equal(Some(Version(12, 8, 3)), found (Some(Version(12, 1))))
    Assert.Equal(Some(Version(12, 8, 3)), found None)
    Assert.Equal(Some(Version(11, 8, 3)), found (Some(Version(11, 8))))

    let tooOld = search [ old; recent ] CudaLibrary.CublasLt (Some(Version(10, 2)))
    Assert.Equal(None, tooOld.Found)

    Assert.Contains(
        "libcublasLt.so.11 is newer than the driver, which runs CUDA 10.2",
        tooOld.Problem
    )

[<CudaFact>]
let ``what cannot be loaded, or is something else, is told and passed over`` () =
    use folder = new TemporaryFolder()
    let broken, other, good = folder.File "broken", folder.File "other", folder.File "good"
    Directory.CreateDirectory broken |> ignore
    File.WriteAllText(Path.Combine(broken, "libnvrtc.so.12"), "no library at all")
    make (Path.Combine(other, "libnvrtc.so.12")) (driver 12000)
    make (Path.Combine(good, "libnvrtc.so.12")) (nvrtc 12 6)
    let found = search [ broken; other; good ] CudaLibrary.Nvrtc None
    Assert.Equal(Some(Version(12, 6)), version found)

    let outcome folder =
        found.Tried |> List.find (fst >> (=) folder) |> snd

    Assert.Contains("file too short", outcome broken)
    Assert.Equal("has no nvrtcVersion", outcome other)

    let none = search [ broken; other ] CudaLibrary.Nvrtc None
    Assert.Equal(None, none.Found)
    Assert.StartsWith($"libnvrtc.so cannot be used: {broken}: ", none.Problem)

[<CudaFact>]
let ``a library that lacks another one is not the same as no library`` () =
    use folder = new TemporaryFolder()
    let needed = folder.File "libneeded.so"
    make needed "extern \"C\" int needed() { return 1; }"
    let file = folder.File "libcuda.so.1"

    let arguments = [ "-shared"; "-Wl,--no-as-needed"; "-o"; file; needed ]

    Process.Start("g++", arguments).WaitForExit()
    File.Delete needed
    let found = search [ folder.Path ] CudaLibrary.Driver None
    Assert.Equal(None, found.Found)
    Assert.Contains("libneeded.so", found.Problem)

[<CudaFact>]
let ``NVRTC's second half is loaded before NVRTC from its folder`` () =
    use folder = new TemporaryFolder()
    // The first half asks for the second when it is loaded, by name alone, and dies without it.
    let builtins = folder.File "libnvrtc-builtins.so.12.6"

    make builtins "extern \"C\" int builtins() { return 6; }"

    let half =
        "#include <dlfcn.h>\n"
        + "static int minor = -1;\n"
        + "__attribute__((constructor)) static void start() { "
        + $"void* half = dlopen(\"{builtins}\", RTLD_NOLOAD | RTLD_NOW); "
        + "if (half) minor = ((int (*)())dlsym(half, \"builtins\"))(); }\n"
        + "extern \"C\" int nvrtcVersion(int* a, int* b) { *a = 12; *b = minor; return minor < 0; }"

    make (folder.File "libnvrtc.so.12") half
    let found = search [ folder.Path ] CudaLibrary.Nvrtc None
    Assert.Equal(Some(Version(12, 6)), version found)

[<Fact>]
let ``without any library the reason counts the places`` () =
    use folder = new TemporaryFolder()
    let found = search [ folder.Path; folder.File "none" ] CudaLibrary.CublasLt None
    Assert.Equal(None, found.Found)
    Assert.Equal("no libcublasLt.so in any of 2 places", found.Problem)
    let outcomes = found.Tried |> List.map snd
    Assert.Equal<string list>([ "not there"; "no such folder" ], outcomes)

[<Fact>]
let ``a stub is never loaded`` () =
    use folder = new TemporaryFolder()
    let stubs = folder.File "stubs"
    Directory.CreateDirectory stubs |> ignore
    File.WriteAllText(Path.Combine(stubs, "libcuda.so.1"), "")
    let found = search [ stubs ] CudaLibrary.Driver None
    Assert.Equal($"libcuda.so cannot be used: {stubs}: is a stub to link against", found.Problem)
