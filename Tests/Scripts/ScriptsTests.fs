/// Every script in scripts/ runs from end to end on a small budget. They are started as a reader would,
/// but on the assemblies under test.
module SynthSae.Tests.Scripts.ScriptsTests

open System
open System.Diagnostics
open System.Globalization
open System.IO
open System.Xml.Linq
open SynthSae.Compute.Cuda
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private scripts =
    Path.GetFullPath(Path.Combine(__SOURCE_DIRECTORY__, "..", "..", "scripts"))

/// Run `dotnet fsi` in a folder, with a cache of its own.
let private fsi (folder: TemporaryFolder) (args: string list) : Outcome =
    let info =
        ProcessStartInfo(
            "dotnet",
            "fsi" :: args,
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    info.Environment["XDG_CACHE_HOME"] <- folder.Path
    // Other tests' emulated GPU.
    info.Environment.Remove LibraryPlaces.Setting |> ignore
    Cli.finish (Process.Start info)

let private run (folder: TemporaryFolder) (name: string) (args: string list) : Outcome =
    // Searched before the folder that the scripts name.
    let library = $"--lib:{AppContext.BaseDirectory.TrimEnd '/'}"
    fsi folder (library :: Path.Combine(scripts, name + ".fsx") :: args)

/// What a script that succeeds prints.
let private output folder name args =
    let outcome = run folder name args
    Assert.True((outcome.Code = 0), $"{name} ended with {outcome.Code}: {outcome.Error}")
    outcome.Out

let private lines (text: string) =
    text.Split('\n', StringSplitOptions.RemoveEmptyEntries)

/// A cell of a table by its row's first cell; that may hold single spaces.
let private cell (name: string) (column: int) (text: string) =
    let found = lines text |> Array.find (fun line -> line = name || line.StartsWith(name + "  "))

    let splitting = StringSplitOptions.RemoveEmptyEntries ||| StringSplitOptions.TrimEntries
    let cells = found.Split("  ", splitting)
    cells[column]

let private number (text: string) =
    Double.Parse(text, CultureInfo.InvariantCulture)

[<Fact>]
let ``spec prints the JSON of the changed run`` () =
    use folder = new TemporaryFolder()
    let text = output folder "spec" [ "tiny"; "sae.k=2"; "seed=7" ]
    let json = text.Substring(text.IndexOf "\n{")

    let expected = RunSpec.set [ "sae.k", "2"; "seed", "7" ] (Presets.tryFind "tiny").Value.Run

    Assert.Equal(expected, RunSpec.ofJson json)

[<Fact>]
let ``a script lists everything that is wrong and ends with exit code 2`` () =
    use folder = new TemporaryFolder()
    let outcome = run folder "spec" [ "tiny"; "sae.k=99"; "lr=-1" ]
    Assert.Equal(2, outcome.Code)
    Assert.Contains("sae.k: ", outcome.Error)
    Assert.Contains("lr: ", outcome.Error)

[<Fact>]
let ``tree draws the trees that are asked for`` () =
    use folder = new TemporaryFolder()
    let text = output folder "tree" [ "tiny"; "1"; "5000" ]
    Assert.Contains("28 of 32 features in 4 trees", text)
    Assert.Contains("… and 3 more trees", text)
    // The root, two children, two children of each.
    let nodes = lines text |> Array.filter (fun line -> line.Contains "feature ")
    Assert.Equal(7, nodes.Length)

[<Fact>]
let ``sample prints statistics of the batch and its first rows`` () =
    use folder = new TemporaryFolder()
    let text = output folder "sample" [ "tiny"; "64"; "3" ]
    Assert.Contains("64 samples of 32 features in R^16", text)
    let rows = lines text |> Array.filter (fun line -> line.StartsWith "sample ")
    Assert.Equal(3, rows.Length)

[<Fact>]
let ``step shows the sparse step beside the dense one, and they agree`` () =
    use folder = new TemporaryFolder()
    let text = output folder "step" [ "tiny"; "2" ]

    let tensors =
        lines text |> Array.skipWhile (fun line -> not (line.StartsWith "tensor")) |> Array.skip 1

    Assert.Equal(12, tensors.Length)
    // Two samples leave most latents silent, so AuxK takes part.
    Assert.True(number (cell "auxiliary" 2 text) > 0.0)

    for line in tensors do
        let cells = line.Split(' ', StringSplitOptions.RemoveEmptyEntries) |> Array.rev
        let apart, dense = number cells[0], number cells[2]
        Assert.True(apart <= 1e-4 * (1.0 + dense), line)

[<Fact>]
let ``metrics scores an SAE folder`` () =
    use folder = new TemporaryFolder()
    let sae = Path.Combine(Oracles.path "saes", "topk")
    let file = folder.File "run.json"

    let run =
        { (Presets.tryFind "tiny").Value.Run with
            Data = DataSource.Synthetic(ModelSource.Named(Oracles.path "model")) }

    File.WriteAllText(file, RunSpec.toJson run)
    let text = output folder "metrics" [ file; "2048"; sae ]
    Assert.InRange(number (cell "MCC" 1 text), 0.1, 1.0)
    Assert.InRange(number (cell "F1" 1 text), 0.0, 1.0)
    Assert.Contains("Worst latents", text)

[<Fact>]
let ``metrics scores the SAE before training where no folder is given`` () =
    use folder = new TemporaryFolder()
    let text = output folder "metrics" [ "tiny"; "2048" ]
    Assert.Equal("3", cell "L0 of the SAE" 1 text)

[<Fact>]
let ``world shows overlaps, correlation, activity and firing rates`` () =
    use folder = new TemporaryFolder()
    let text = output folder "world" [ "tiny"; "4000" ]
    Assert.Contains("32 features in R^16", text)
    Assert.InRange(number (cell "the largest of all" 1 text), 0.0, 1.0)
    Assert.InRange(number (cell "correlation of two features (rms)" 1 text), 0.0, 1.0)
    // The specification's probabilities are reached: 4000 samples leave some per cent of error.
    Assert.InRange(number (cell "0" 3 text), 0.85, 1.15)
    Assert.Equal(4, int (cell "outside" 1 text))

    Assert.Equal(
        10,
        lines text |> Array.filter (fun line -> line.StartsWith "tenth ") |> Array.length
    )

[<Fact>]
let ``recovery tells what became of features of every rate, and plots it`` () =
    use folder = new TemporaryFolder()
    let file = folder.File "plot.svg"
    let text = output folder "recovery" [ "tiny"; "51200"; file ]
    let rows = lines text |> Array.skipWhile (fun line -> not (line.StartsWith "firing rate"))
    let rows = rows |> Array.skip 1 |> Array.takeWhile (fun line -> not (line.StartsWith "Plot"))
    Assert.Equal(10, rows.Length)

    let cells =
        rows |> Array.map (fun row -> row.Split(' ', StringSplitOptions.RemoveEmptyEntries))

    // Every feature is in one row, with one verdict.
    Assert.Equal(32, cells |> Array.sumBy (fun row -> int row[1]))

    for row in cells do
        Assert.Equal(1.0, Array.sumBy number row[3..6], 2)

    let drawn = XDocument.Load(file).Descendants() |> Seq.countBy _.Name.LocalName |> Map
    Assert.Equal(5, drawn["polyline"])

[<Fact>]
let ``frame prints the dashboard of a folder of runs at the size that is asked for`` () =
    use folder = new TemporaryFolder()
    let runs = folder.File "runs"

    let made =
        Cli.run [ "run"; "tiny"; "--samples"; "20480"; "--runs"; runs; "--quiet"; "--threads"; "2" ]

    Assert.Equal(0, made.Code)
    let list = output folder "frame" [ runs; "100x12"; "--ascii" ]
    Assert.Equal(12, list.TrimEnd('\n').Split('\n').Length)
    Assert.Contains("finished", list)
    Assert.All(list, fun letter -> Assert.True(Char.IsAscii letter, string letter))
    Assert.Contains("loss", output folder "frame" [ runs; "100x30"; "last" ])
    Assert.Equal(2, (run folder "frame" [ runs; "100" ]).Code)

[<Fact>]
let ``sparse-but-wrong prints a row for each k and plots them`` () =
    use folder = new TemporaryFolder()
    let file = folder.File "plot.svg"
    let text = output folder "sparse-but-wrong" [ "4096"; "5,14"; file ]
    // The true features reconstruct all but perfectly where k leaves room for all that are active.
    Assert.True(number (cell "5" 2 text) > 1.0)
    Assert.True(number (cell "14" 2 text) < 1e-6)

    let drawn = XDocument.Load(file).Descendants() |> Seq.countBy _.Name.LocalName |> Map
    Assert.Equal(4, drawn["polyline"])
    Assert.Equal(8, drawn["circle"])

[<NvrtcFact>]
let ``all kernels compile for the A100 and the H100 without a complaint and without spilled registers``
    ()
    =
    use folder = new TemporaryFolder()
    let outcome = run folder "kernels" [ "sm_80"; "sm_90" ]
    Assert.True((outcome.Code = 0), outcome.Out + outcome.Error)

    for kernel in Map.keys Kernels.signatures do
        let rows = lines outcome.Out |> Array.filter (fun line -> line.StartsWith(kernel + " "))
        Assert.Equal(2, rows.Length)

[<NvrtcFact>]
let ``kernels shows the compiler's complaint and ends with exit code 1`` () =
    use folder = new TemporaryFolder()
    let outcome = run folder "kernels" [ "sm_1" ]
    Assert.Equal(1, outcome.Code)
    Assert.Contains("sm_1", outcome.Error)

[<Fact>]
let ``without a build a script says what to do`` () =
    use folder = new TemporaryFolder()

    for name in [ "built.fsx"; "load.fsx"; "spec.fsx" ] do
        File.Copy(Path.Combine(scripts, name), folder.File name)

    let outcome = fsi folder [ folder.File "spec.fsx" ]
    Assert.NotEqual(0, outcome.Code)
    Assert.Contains("SynthSae is not built yet: run ./synthsae presets once", outcome.Error)
