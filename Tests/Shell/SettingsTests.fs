module SynthSae.Tests.Shell.SettingsTests

open System.IO
open SynthSae.Tests
open Xunit

/// Threads in force and their source, with the given file, environment and flags.
let private threads user project environment flags =
    use folder = new TemporaryFolder()
    let config = folder.File "config/synthsae"
    Directory.CreateDirectory config |> ignore

    user
    |> Option.iter (fun (text: string) ->
        File.WriteAllText(Path.Combine(config, "config.json"), text))

    project
    |> Option.iter (fun (text: string) -> File.WriteAllText(folder.File "synthsae.json", text))

    let outcome = Cli.spawn folder.Path environment ([ "doctor"; "--json" ] @ flags)
    Assert.Equal(0, outcome.Code)
    let setting = Cli.at "settings/threads" (Cli.json outcome.Out)

    let text name =
        (Cli.at name setting).GetValue<string>()

    text "value", (text "source").Replace(folder.Path, "")

let private user = Some """{ "threads": 3 }"""
let private project = Some """{ "threads": "4" }"""
let private environment = [ "SYNTHSAE_THREADS", "5" ]

[<Fact>]
let ``defaults give way to files, files to the environment, the environment to flags`` () =
    Assert.Equal("default", snd (threads None None [] []))
    Assert.Equal(("3", "/config/synthsae/config.json"), threads user None [] [])
    Assert.Equal(("4", "/synthsae.json"), threads user project [] [])
    Assert.Equal(("5", "environment SYNTHSAE_THREADS"), threads user project environment [])
    Assert.Equal(("6", "--threads"), threads user project environment [ "--threads"; "6" ])

let private refused (file: string option) environment flags =
    use folder = new TemporaryFolder()

    file
    |> Option.iter (fun (text: string) -> File.WriteAllText(folder.File "synthsae.json", text))

    let outcome = Cli.spawn folder.Path environment ("doctor" :: flags)
    Assert.Equal(2, outcome.Code)
    Assert.Equal("", outcome.Out)
    outcome.Error

[<Fact>]
let ``a wrong value is refused with the place that it came from`` () =
    Assert.Contains("SYNTHSAE_THREADS: must be", refused None [ "SYNTHSAE_THREADS", "many" ] [])
    Assert.Contains("--threads: must be", refused None [] [ "--threads"; "0" ])

    Assert.Contains(
        "SYNTHSAE_CHECKPOINT_EVERY: must be a whole number of steps from 1, auto or off (got 0)",
        refused None [ "SYNTHSAE_CHECKPOINT_EVERY", "0" ] []
    )

    Assert.Contains(
        "synthsae.json: backend: must be cpu",
        refused (Some """{ "backend": "gpu" }""") [] []
    )

[<Fact>]
let ``an unknown setting in a file is answered with the nearest`` () =
    Assert.Contains("did you mean \"threads\"?", refused (Some """{ "thread": 2 }""") [] [])

[<Fact>]
let ``a setting in a file that is no single value is refused`` () =
    Assert.Contains("threads: must be one value", refused (Some """{"threads": {"a": 1}}""") [] [])

[<Fact>]
let ``a file that is not JSON is refused with its name and the place in it`` () =
    let error = refused (Some "{ threads") [] []
    Assert.Contains("synthsae.json", error)
    Assert.Contains("LineNumber: 0", error)
