/// Where NVIDIA's libraries are looked for, on machines that exist only here.
module SynthSae.Tests.Cuda.LibraryPlacesTests

open System
open SynthSae.Compute.Cuda
open Xunit

/// A machine with these variables and folders (given by all paths that exist).
let private machine (variables: (string * string) list) (paths: string list) : Surroundings =
    let names = Map.ofList variables

    let entries (folder: string) =
        paths
        |> List.choose (fun path ->
            if path.StartsWith(folder + "/") then
                Some((path.Substring(folder.Length + 1).Split '/')[0])
            else
                None)
        |> List.distinct

    { Variable = fun name -> Map.tryFind name names
      Entries = entries }

let private folders surroundings library =
    LibraryPlaces.places surroundings library
    |> List.choose (function
        | Place.Folder folder -> Some folder
        | Place.Loader -> None)

let private isBefore (first: string) (second: string) (all: string list) =
    let at name =
        List.tryFindIndex ((=) name) all
        |> Option.defaultWith (fun () -> failwith $"no {name} in {all}")

    Assert.True(at first < at second, $"{first} does not come before {second}")

[<Fact>]
let ``the loader is asked first, and the setting alone where it is given`` () =
    for library in [ CudaLibrary.Driver; CudaLibrary.Nvrtc; CudaLibrary.CublasLt ] do
        let plain = LibraryPlaces.places (machine [ "CUDA_HOME", "/c" ] []) library
        Assert.Equal(Place.Loader, plain.Head)

        let set = machine [ LibraryPlaces.Setting, "/a::/b:/a"; "CUDA_HOME", "/c" ] []

        let expected = [ Place.Folder "/a"; Place.Folder "/b" ]
        Assert.Equal<Place list>(expected, LibraryPlaces.places set library)

[<Fact>]
let ``the driver's library is never taken from a toolkit, an environment or a stub`` () =
    let surroundings =
        machine
            [ "CUDA_HOME", "/c"; "VIRTUAL_ENV", "/v"; "CONDA_PREFIX", "/k" ]
            [ "/v/lib/python3.12/site-packages/nvidia/cu13/lib/libcuda.so.1" ]

    for folder in folders surroundings CudaLibrary.Driver do
        Assert.DoesNotContain("/c/", folder)
        Assert.DoesNotContain("/v/", folder)
        Assert.DoesNotContain("/k/", folder)
        Assert.False(LibraryPlaces.isStub folder)

    Assert.True(LibraryPlaces.isStub "/usr/local/cuda/lib64/stubs")
    Assert.True(LibraryPlaces.isStub "/usr/local/cuda/lib64/stubs/libcuda.so.1")
    Assert.False(LibraryPlaces.isStub "/opt/stubsy/lib")

[<Fact>]
let ``toolkits that are named come first, then those installed, the newest version first`` () =
    let surroundings =
        machine
            [ "CUDA_HOME", "/mine" ]
            [ "/usr/local/cuda-9.2/lib64/x"
              "/usr/local/cuda-12.10/lib64/x"
              "/usr/local/cuda-12.9/lib64/x" ]

    let found = folders surroundings CudaLibrary.Nvrtc

    for first, second in
        [ "/mine/lib64", "/usr/local/cuda/lib64"
          "/usr/local/cuda/lib64", "/usr/local/cuda-12.10/lib64"
          "/usr/local/cuda-12.10/lib64", "/usr/local/cuda-12.9/lib64"
          "/usr/local/cuda-12.9/lib64", "/usr/local/cuda-9.2/lib64" ] do
        isBefore first second found

[<Theory>]
[<InlineData("VIRTUAL_ENV", "/env", "/env")>]
[<InlineData("PATH", "/bin:/env/bin:/usr/bin", "/env")>]
[<InlineData("PATH", "/pyenv/shims", "/pyenv/versions/3.12.1")>]
[<InlineData("CONDA_PREFIX", "/env", "/env")>]
[<InlineData("NOTHING", "", "/opt/tool/.venv")>]
[<InlineData("HOME", "/home/me", "/home/me/.local")>]
let ``libraries of Python packages are found in every kind of environment``
    (variable: string)
    (value: string)
    (root: string)
    =
    let packages = root + "/lib/python3.12/site-packages/nvidia"

    let surroundings =
        machine
            [ variable, value ]
            [ root + "/bin/python3"
              "/pyenv/shims/python3"
              packages + "/cu13/lib/libnvrtc.so.13"
              packages + "/cublas/lib/libcublasLt.so.12" ]

    let found = folders surroundings CudaLibrary.CublasLt
    Assert.Contains(packages + "/cu13/lib", found)
    Assert.Contains(packages + "/cublas/lib", found)

[<Fact>]
let ``Debian's own Python keeps packages in dist-packages, and its libraries in the system's folder``
    ()
    =
    let surroundings =
        machine
            [ "PATH", "/usr/local/bin" ]
            [ "/usr/local/bin/python3"
              "/usr/local/lib/python3.11/dist-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12" ]

    let found = folders surroundings CudaLibrary.Nvrtc
    Assert.Contains("/usr/local/lib/python3.11/dist-packages/nvidia/cuda_nvrtc/lib", found)
    Assert.Contains("/usr/lib64", found)

[<Fact>]
let ``conda's own folders are looked at`` () =
    let found = folders (machine [ "CONDA_PREFIX", "/conda" ] []) CudaLibrary.Nvrtc
    Assert.Contains("/conda/lib", found)

[<Fact>]
let ``no version newer than the driver is tried, and the newest other one first`` () =
    let names driver =
        LibraryPlaces.soNames
            CudaLibrary.Nvrtc
            (driver |> Option.map (fun (text: string) -> Version.Parse text))

    Assert.Equal<string list>(
        [ "libnvrtc.so.13"; "libnvrtc.so.12"; "libnvrtc.so.11.2" ],
        names None
    )

    Assert.Equal<string list>(names None, names (Some "14.1"))
    Assert.Equal<string list>([ "libnvrtc.so.12"; "libnvrtc.so.11.2" ], names (Some "12.0"))
    Assert.Empty(names (Some "10.2"))

    Assert.Equal<string list>(
        [ "libcublasLt.so.11" ],
        LibraryPlaces.soNames CudaLibrary.CublasLt (Some(Version(11, 8)))
    )

    Assert.Equal<string list>([ "libcuda.so.1" ], LibraryPlaces.soNames CudaLibrary.Driver None)

[<Fact>]
let ``stars stand within one part of a path`` () =
    let entries = (machine [] [ "/a/b1/c"; "/a/b2/c"; "/a/x/c"; "/a/b1/d/c" ]).Entries
    Assert.Equal<string list>([ "/a/b2/c"; "/a/b1/c" ], LibraryPlaces.expand entries "/a/b*/c")
    Assert.Equal<string list>([ "/no/where" ], LibraryPlaces.expand entries "/no/where")
    Assert.Empty(LibraryPlaces.expand entries "/no/*")
