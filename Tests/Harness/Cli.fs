namespace SynthSae.Tests

open System
open System.Diagnostics
open System.IO
open System.Text.Json.Nodes
open SynthSae.Commands
open SynthSae.Hosting

/// What a command line left behind.
type Outcome =
    {
        /// Exit code.
        Code: int
        /// Standard output.
        Out: string
        /// Standard error.
        Error: string
    }

/// The command line under test.
module Cli =
    let private program = typeof<Host>.Assembly.Location

    /// Run in this process.
    let run (args: string list) : Outcome =
        use out = new StringWriter()
        use error = new StringWriter()
        let code = CommandLine.Run(List.toArray args, Host.Of(out, error))

        { Code = code; Out = string out; Error = string error }

    let private launch
        (folder: string)
        (variables: (string * string) list)
        (command: string)
        (args: string list)
        =
        let info =
            ProcessStartInfo(
                command,
                args,
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true
            )

        // Settings of whoever runs the tests stay out of them.
        for name in Seq.toList info.Environment.Keys do
            if name.StartsWith "SYNTHSAE_" || name.StartsWith "HF_" then
                info.Environment.Remove name |> ignore

        info.Environment["XDG_CONFIG_HOME"] <- Path.Combine(folder, "config")
        info.Environment["XDG_CACHE_HOME"] <- Path.Combine(folder, "cache")
        info.Environment["XDG_STATE_HOME"] <- Path.Combine(folder, "state")

        for name, value in variables do
            info.Environment[name] <- value

        Process.Start info

    /// Start a process of its own in a folder, with variables added to the environment.
    let start (folder: string) (variables: (string * string) list) (args: string list) : Process =
        launch folder variables "dotnet" (program :: args)

    /// The same where no file can grow beyond so many KiB, which looks like a full disk.
    let startOnSmallDisk
        (folder: string)
        (variables: (string * string) list)
        (kibibytes: int)
        (args: string list)
        : Process =
        let limited = $"trap '' XFSZ; ulimit -f {kibibytes}; exec \"$@\""
        // The runtime's double mapping of code would need a large file in memory.
        let variables = ("DOTNET_EnableWriteXorExecute", "0") :: variables
        launch folder variables "bash" ([ "-c"; limited; "bash"; "dotnet"; program ] @ args)

    /// The same on a terminal of its own, whose input and output are those of the process returned. Keys are
    /// signals there: U+0003 is Ctrl-C.
    let startOnTerminal (folder: string) (args: string list) : Process =
        let quoted = "dotnet" :: program :: args |> List.map (fun arg -> $"'{arg}'")
        let command = String.concat " " ("exec" :: quoted)
        launch folder [ "TERM", "xterm-256color" ] "script" [ "-qec"; command; "/dev/null" ]

    /// Wait for a started process, at most a minute.
    let finish (started: Process) : Outcome =
        use child = started
        let out = child.StandardOutput.ReadToEndAsync()
        let error = child.StandardError.ReadToEndAsync()

        if not (child.WaitForExit 60_000) then
            child.Kill()
            failwith "the command did not end within a minute"

        { Code = child.ExitCode
          Out = out.Result
          Error = error.Result }

    /// Run in a process of its own.
    let spawn folder variables args = start folder variables args |> finish

    /// Send a signal such as "INT".
    let signal (name: string) (child: Process) =
        use kill = Process.Start("kill", [ $"-{name}"; string child.Id ])
        kill.WaitForExit()

    /// Wait until a condition holds, at most half a minute.
    let waitFor (what: string) (holds: unit -> bool) =
        let limit = Stopwatch.StartNew()

        while not (holds ()) do
            if limit.Elapsed > TimeSpan.FromSeconds 30.0 then
                failwith $"waited in vain for {what}"

            Threading.Thread.Sleep 20

    /// The JSON object of a text.
    let json (text: string) : JsonObject = (JsonNode.Parse text).AsObject()

    /// Follow a path of names separated by slashes.
    let at (path: string) (json: JsonNode) : JsonNode =
        path.Split '/'
        |> Array.fold
            (fun (node: JsonNode) name ->
                match node[name] with
                | null -> failwith $"no '{name}' of '{path}' in {node.ToJsonString()}"
                | inner -> inner)
            json
