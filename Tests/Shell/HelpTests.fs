module SynthSae.Tests.Shell.HelpTests

open System.IO
open System.Text.RegularExpressions
open SynthSae.Tests
open Xunit

let commands =
    [ "run"
      "ls"
      "show"
      "compare"
      "logs"
      "tag"
      "note"
      "rm"
      "eval"
      "baselines"
      "sample"
      "encode"
      "decode"
      "inspect"
      "pull"
      "presets"
      "doctor"
      "bench"
      "gpu"
      "start"
      "stop"
      "pause"
      "resume"
      "priority"
      "supervise" ]

[<Fact>]
let ``every command explains itself with examples`` () =
    for command in commands do
        let outcome = Cli.run [ command; "--help" ]
        Assert.Equal(0, outcome.Code)
        Assert.Contains($"synthsae {command}", outcome.Out)
        Assert.Contains("Usage:", outcome.Out)
        Assert.Contains("Examples:", outcome.Out)
        Assert.Equal("", outcome.Error)

[<Fact>]
let ``the examples in the help fit into a terminal of 80 columns`` () =
    for command in commands do
        use out = new StringWriter()
        let host = SynthSae.Hosting.Host(out, out, false, false, 80)
        Assert.Equal(0, SynthSae.Commands.CommandLine.Run([| command; "--help" |], host))
        let help = out.ToString()

        for line in help.Substring(help.IndexOf "Examples:").Split '\n' do
            Assert.True(line.Length <= 80, line)

[<Fact>]
let ``the program alone lists every command`` () =
    let outcome = Cli.run []
    Assert.Equal(0, outcome.Code)

    for command in commands do
        Assert.Contains($"\n  {command} ", outcome.Out)

[<Fact>]
let ``the version is one line`` () =
    let outcome = Cli.run [ "--version" ]
    Assert.Equal(0, outcome.Code)
    Assert.Matches(@"^synthsae \d+\.\d+\.\d+\n$", outcome.Out)

[<Fact>]
let ``the examples in the help are understood`` () =
    let examples =
        commands
        |> List.collect (fun command ->
            let help = (Cli.run [ command; "--help" ]).Out
            help.Substring(help.IndexOf "Examples:").Split '\n' |> Array.toList)
        |> List.map (fun line -> (line.Trim().Split "  ")[0])
        |> List.filter (fun line -> line.StartsWith "synthsae ")

    Assert.True(examples.Length >= commands.Length)

    for example in examples do
        // With --help the rest is parsed, but not run.
        let words = example.Split ' ' |> Array.toList |> List.tail
        let outcome = Cli.run (words @ [ "--help" ])
        Assert.Equal(0, outcome.Code)

[<Fact>]
let ``the reference of the command line knows every option`` () =
    let file = Path.Combine(__SOURCE_DIRECTORY__, "..", "..", "docs", "cli.md")
    let text = File.ReadAllText file

    for command in commands do
        Assert.Contains(command, text)

        for option in Regex.Matches((Cli.run [ command; "--help" ]).Out, @"--[a-z-]+") do
            Assert.Contains(option.Value, text)

[<Fact>]
let ``the README's commands are understood`` () =
    let file = Path.Combine(__SOURCE_DIRECTORY__, "..", "..", "README.md")

    let lines =
        File.ReadAllLines file
        |> Array.filter (fun line -> line.StartsWith "./synthsae run")
        |> Array.toList

    Assert.NotEmpty lines

    for line in lines do
        let words = line.Split ' ' |> Array.toList |> List.tail
        Assert.Equal(0, (Cli.run (words @ [ "--help" ])).Code)
