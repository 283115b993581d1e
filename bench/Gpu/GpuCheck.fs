namespace SynthSae.Bench

open System
open SynthSae.Compute.Cuda

/// What became of a case.
type CaseResult =
    {
        Op: string
        Name: string
        /// None where the case ended with an exception.
        Worst: float option
        /// What differs most, or what the exception says.
        Where: string
        Seconds: float
    }

    member result.Passed =
        match result.Worst with
        | Some worst -> worst <= 1.0
        | None -> false

/// The GPU suite: every kernel beside the Reference backend, training and scores beside the host.
module GpuCheck =
    /// Every case.
    let cases = AllCases.all @ GpuTrainings.cases @ GpuRuns.cases

    /// The cases whose op and name contain a text, whatever its letters' case.
    let chosen (text: string) =
        cases
        |> List.filter (fun case ->
            (string case).Contains(text, StringComparison.OrdinalIgnoreCase))

    let private runOne (gpu: Gpu) (case: OpCase) : CaseResult =
        let mutable worst, where = None, ""

        let seconds =
            Measure.once (fun () ->
                try
                    let agreement = case.Run gpu
                    gpu.Synchronise()
                    worst <- Some agreement.Worst
                    where <- agreement.Where
                with error ->
                    where <- error.Message)

        { Op = case.Op
          Name = case.Name
          Worst = worst
          Where = where
          Seconds = seconds }

    /// Run cases, op by op, telling the results of each op.
    let run (gpu: Gpu) (cases: OpCase list) (tell: CaseResult list -> unit) : CaseResult list =
        [ for _, group in List.groupBy (fun (case: OpCase) -> case.Op) cases do
              let results = List.map (runOne gpu) group
              tell results
              yield! results
              // Memory of the GPU goes back with the objects that held it.
              GC.Collect()
              GC.WaitForPendingFinalizers() ]
