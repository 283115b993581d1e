/// Which GPUs there are and why there is none, with a driver that says what it is told to say.
module SynthSae.Tests.Cuda.DevicesTests

open System
open System.IO
open System.Text.Json.Nodes
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Tests
open Xunit

/// What `synthsae doctor --json` says of GPUs.
let private doctorWith (variables: (string * string) list) : JsonNode =
    use folder = new TemporaryFolder()
    let outcome = Cli.spawn folder.Path variables [ "doctor"; "--json" ]
    Assert.True((outcome.Code = 0), outcome.Error)
    Cli.at "gpu" (Cli.json outcome.Out)

/// The same with NVIDIA's libraries from these folders only.
let private doctor (variables: (string * string) list) (folders: string list) : JsonNode =
    doctorWith ((LibraryPlaces.Setting, String.concat ":" folders) :: variables)

let private text (path: string) (json: JsonNode) = (Cli.at path json).GetValue<string>()

let private isMissing (library: string) (gpu: JsonNode) =
    let found = Cli.at $"libraries/{library}" gpu
    isNull found["file"]

let private emulator = lazy (FakeGpu.build Kernels.source)

[<Collection("gpu")>]
type DevicesTests() =

    [<CudaFact>]
    member _.``doctor tells every GPU's name, memory and compute capability``() =
        let devices = "CPUCUDA_DEVICES", "Old One|7.5|16G|15G;Second|9.0|141G|139.5G"
        let gpu = doctor [ devices ] [ emulator.Value ]
        let list = (Cli.at "devices" gpu).AsArray()
        Assert.Equal(2, list.Count)
        let second = list[1]
        Assert.Equal("cuda:1", text "device" second)
        Assert.Equal("Second", text "name" second)
        Assert.Equal("9.0", text "compute_capability" second)
        let bytes (name: string) = (Cli.at name second).GetValue<int64>()
        Assert.Equal(141L <<< 30, bytes "memory_bytes")
        Assert.Equal(279L <<< 29, bytes "free_bytes")
        let usable = [ for device in list -> (Cli.at "usable" device).GetValue<bool>() ]
        Assert.Equal<bool list>([ false; true ], usable)
        Assert.Equal("12.8", text "libraries/driver/version" gpu)
        Assert.Equal(Path.Combine(emulator.Value, "libcuda.so.1"), text "libraries/driver/file" gpu)
        Assert.StartsWith("12.", text "libraries/cublaslt/version" gpu)

    [<CudaFact>]
    member _.``without the setting the loader finds the libraries, and their files are told``() =
        let gpu = doctorWith [ "LD_LIBRARY_PATH", emulator.Value ]

        for library, file in [ "driver", "libcuda.so.1"; "cublaslt", "libcublasLt.so.12" ] do
            Assert.Equal(Path.Combine(emulator.Value, file), text $"libraries/{library}/file" gpu)

    [<CudaFact>]
    member _.``doctor says where NVRTC was looked for``() =
        let gpu = doctor [] [ emulator.Value; "/nowhere" ]
        Assert.True(isMissing "nvrtc" gpu)
        let tried = (Cli.at "libraries/nvrtc/tried" gpu).AsArray()
        let told = [ for place in tried -> text "place" place, text "outcome" place ]

        Assert.Equal<(string * string) list>(
            [ emulator.Value, "not there"; "/nowhere", "no such folder" ],
            told
        )

    [<CudaTheory>]
    [<InlineData("CPUCUDA_INIT", "100", "no device: the driver sees no GPU")>]
    [<InlineData("CPUCUDA_INIT", "999", "the driver does not start: ")>]
    [<InlineData("CPUCUDA_DRIVER",
                 "10020",
                 "driver too old: it runs CUDA 10.2, and 11.4 or newer is needed")>]
    member _.``a driver that cannot be used is a reason, not a failure``
        (name: string, value: string, reason: string)
        =
        let gpu = doctor [ name, value ] [ emulator.Value ]
        Assert.Empty((Cli.at "devices" gpu).AsArray())
        Assert.StartsWith(reason, text "problem" gpu)

    [<CudaFact>]
    member _.``hidden GPUs are told to be hidden``() =
        let gpu = doctor [ "CPUCUDA_INIT", "100"; "CUDA_VISIBLE_DEVICES", "7" ] [ emulator.Value ]
        Assert.EndsWith("(CUDA_VISIBLE_DEVICES is '7')", text "problem" gpu)

    [<CudaFact>]
    member _.``cuBLASLt newer than the driver is not loaded``() =
        let gpu = doctor [ "CPUCUDA_DRIVER", "11080" ] [ emulator.Value ]
        Assert.Single((Cli.at "devices" gpu).AsArray()) |> ignore
        Assert.True(isMissing "cublaslt" gpu)
        let tried = (Cli.at "libraries/cublaslt/tried" gpu).AsArray()

        Assert.Equal(
            "libcublasLt.so.12 is newer than the driver, which runs CUDA 11.8",
            text "outcome" tried[0]
        )

    [<Fact>]
    member _.``without a driver all is in order, and the reason is told``() =
        use folder = new TemporaryFolder()
        let gpu = doctor [] [ folder.Path ]
        Assert.Equal("no driver: no libcuda.so in any of 1 places", text "problem" gpu)

    [<CudaFact>]
    member _.``a GPU that is not there is refused with those that are``() =
        FakeGpu.gpu () |> ignore

        Assert.Equal(
            Error "there is one GPU, cuda:0",
            Devices.tryOpen None (DeviceChoice.Index 1) |> Result.map ignore
        )

        let error =
            Assert.Throws<BadInput>(fun () ->
                Devices.openDevice None (DeviceChoice.Index 7) |> ignore)

        Assert.Equal("cuda:7: there is one GPU, cuda:0", error.Message)

    [<CudaFact>]
    member _.``kernels that the driver refuses are told with everything that was tried``() =
        FakeGpu.gpu () |> ignore

        try
            FakeGpu.set "module" "222"

            match Devices.tryOpen None DeviceChoice.Freest with
            | Ok _ -> failwith "opened"
            | Error problem ->
                Assert.StartsWith("no kernels for ", problem)
                Assert.Contains("no libnvrtc.so in any of 1 places", problem)
                Assert.Contains("embedded PTX: cuModuleLoadDataEx: ", problem)
                Assert.Contains("(222)", problem)
                Assert.Contains("refused, as the setting `module` wants", problem)
        finally
            FakeGpu.set "module" ""

        Assert.True((Devices.tryOpen None DeviceChoice.Freest).IsOk)

    [<CudaFact>]
    member _.``an open GPU keeps working while others ask which there are``() =
        let gpu = FakeGpu.gpu ()
        let numbers = new DeviceArray<float32>(gpu, 3)
        Assert.True((Devices.list ()).IsOk)
        numbers.Upload [| 1.0f; 2.0f; 3.0f |]
        Assert.Equal<float32[]>([| 1.0f; 2.0f; 3.0f |], numbers.Download())
