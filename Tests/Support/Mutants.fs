namespace SynthSae.Tests

open System
open System.IO
open System.Text.RegularExpressions
open SynthSae.Compute.Cuda

/// What finds a mistake in a kernel.
[<RequireQualifiedAccess>]
type Catcher =
    /// A result that differs from the right kernel's in some schedule.
    | Result
    /// A deadlock, an access outside of memory or the like in some schedule.
    | Fault
    /// The race check.
    | Race

/// A mistake put into a kernel on purpose.
type Mutant =
    { Name: string
      File: string
      Search: string
      Replace: string
      Catcher: Catcher }

/// Kernels in files, and runs of them that were recorded.
type RecordedKernels =
    {
        /// Name and text of each file, in their order.
        Files: (string * string) list
        /// The recording.
        Recording: string
        /// A folder where the kernels themselves are built, and one where they are built for the race check.
        Plain: string
        Race: string
    }

/// Mistakes on purpose, from tables `name | kernel file | search | replace | caught by`; "\n" stands for a new line,
/// "\|" for a bar between spaces.
module Mutants =
    let private columns (line: string) =
        Regex.Split(line, @"(?<=\s)\|(?=\s)")
        |> Array.map (_.Trim().Replace(@"\n", "\n").Replace(@"\|", "|"))

    /// The mistakes of a table.
    let read (file: string) : Mutant list =
        [ for line in File.ReadAllLines file do
              if line.Trim() <> "" && not (line.StartsWith '#') then
                  match columns line with
                  | [| name; file; search; replace; catcher |] ->
                      { Name = name
                        File = file
                        Search = search
                        Replace = replace
                        Catcher =
                          match catcher with
                          | "result" -> Catcher.Result
                          | "fault" -> Catcher.Fault
                          | "race" -> Catcher.Race
                          | other -> failwith $"{name}: nothing is caught by {other}" }
                  | _ -> failwith $"{file} has a line that is no mutant: {line}" ]

    let private unit (files: (string * string) list) =
        files
        |> List.map (fun (name, text) -> $"#line 1 \"{name}\"\n{text}\n")
        |> String.concat ""

    /// The text with a mistake.
    let private apply (mutant: Mutant) (text: string) =
        match text.Split mutant.Search with
        | [| before; after |] -> before + mutant.Replace + after
        | parts -> failwith $"{mutant.Name}: its search is found {parts.Length - 1} times"

    let private build (files: (string * string) list) (folder: string) (options: string list) =
        Directory.CreateDirectory folder |> ignore
        let source = Path.Combine(folder, "kernels.cu")
        File.WriteAllText(source, unit files)
        FakeGpu.run "build.sh" ([ source; folder ] @ options)

    let private sanitize = "--sanitize=thread"

    /// Build kernels whose runs were recorded, as they are.
    let prepare (folder: string) (files: (string * string) list) (recording: string) =
        let plain, race = Path.Combine(folder, "plain"), Path.Combine(folder, "race")
        build files plain []
        build files race [ sanitize ]

        { Files = files
          Recording = recording
          Plain = plain
          Race = race }

    /// The launches that go wrong when they run again, as "fault 5 kernel schedule" or "differs 5 kernel schedule".
    let replay (folder: string) (recording: string) : string list =
        let program = Path.Combine(folder, "replay")

        match FakeGpu.execute "timeout" ("100" :: program :: recording :: FakeGpu.schedules) with
        | (0 | 1), output, _ ->
            output.Split '\n' |> Array.filter (fun line -> line <> "") |> List.ofArray
        | code, _, errors -> failwith $"replay ended with {code}:\n{errors}"

    let private reports
        (variables: string list)
        (folder: string)
        (recording: string)
        : string list =
        let script = Path.Combine(FakeGpu.emulator, "racecheck.sh")

        let code, _, errors =
            FakeGpu.execute "env" (variables @ [ "bash"; script; folder; recording ])

        let reports =
            errors.Split "==================\n"
            |> Array.filter _.Contains("ThreadSanitizer: data race")
            |> List.ofArray

        // 1: a result differs, which is not asked here; 66: races.
        if code <> 0 && code <> 1 && reports.IsEmpty then
            failwith $"the race check ended with {code}:\n{errors}"

        reports

    /// The reports of the race check on launches that run again; none where it finds nothing.
    let races = reports []

    /// Whether a mistake is caught as it says.
    let isCaught (kernels: RecordedKernels) (folder: string) (mutant: Mutant) : bool =
        if not (kernels.Files |> List.exists (fun (name, _) -> name = mutant.File)) then
            failwith $"{mutant.Name}: there is no {mutant.File}"

        let files =
            kernels.Files
            |> List.map (fun (name, text) ->
                name, (if name = mutant.File then apply mutant text else text))

        Directory.CreateDirectory folder |> ignore
        let own = Path.Combine(folder, mutant.File)
        File.WriteAllText(own, Map.ofList files |> Map.find mutant.File)

        let wrong kind only =
            build files folder ($"--runtime={kernels.Plain}" :: only)
            let usual = replay kernels.Plain kernels.Recording |> set

            replay folder kernels.Recording
            |> List.exists (fun (line: string) ->
                line.StartsWith(kind, StringComparison.Ordinal) && not (usual.Contains line))

        let races only =
            build files folder (sanitize :: $"--runtime={kernels.Race}" :: only)
            let threads = if List.isEmpty only then 60_000 else 10_000_000
            let variables = [ "TSAN_OPTIONS=halt_on_error=1"; $"REPLAY_THREADS={threads}" ]
            not (reports variables folder kernels.Recording).IsEmpty

        let isCaughtBy =
            match mutant.Catcher with
            | Catcher.Result -> wrong "differs"
            | Catcher.Fault -> wrong "fault"
            | Catcher.Race -> races

        // The file's own kernels are compiled and run quickly; others may stand on it, too.
        isCaughtBy [ $"--only={own}" ] || isCaughtBy []
