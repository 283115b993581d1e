namespace SynthSae.Tests

open System.IO
open System.Text.Json
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Spec

/// A tensor of an oracle file, in double.
type OracleTensor =
    {
        /// Empty for a scalar.
        Shape: int[]
        /// Row-major; booleans as 0 and 1.
        Values: float[]
    }

/// One recorded step of the reference.
type OracleStep =
    { Losses: Map<string, float>
      L0: float
      X: Matrix
      Dead: bool[] }

/// Three training steps as the reference took them (`steps/<name>.safetensors` and `.json`).
type StepOracle =
    { Sae: SaeSpec
      Lr: float
      Steps: OracleStep list
      GradientNorm0: float
      Tensors: Map<string, OracleTensor> }

/// Reads `steps/*`.
module StepOracles =
    let private tensors (path: string) =
        use file = Safetensors.read path

        Map
            [ for info in file.Tensors ->
                  info.Name,
                  { Shape = [| for length in info.Shape -> int length |]
                    Values =
                      if info.Dtype = Dtype.Bool then
                          file.Bool info.Name |> Array.map System.Convert.ToDouble
                      else
                          file.Float64 info.Name } ]

    // The files do not say which parameter of a threshold they train; its name does.
    let private spec (tensors: Map<string, OracleTensor>) (config: JsonElement) : SaeSpec =
        match SaeSpec.ofJson (config.GetRawText()) with
        | Error errors -> failwith $"an oracle's configuration: {errors}"
        | Ok spec ->
            match spec.Architecture with
            | SaeArchitecture.JumpRelu jump when tensors.ContainsKey "init.log_threshold" ->
                let log = SaeArchitecture.JumpRelu { jump with Parameter = ThresholdParameter.Log }
                { spec with Architecture = log }
            | _ -> spec

    /// A tensor (rows, cols) as float32, which is how the file holds it.
    let matrix (tensor: OracleTensor) =
        Matrix.ofArray tensor.Shape[0] tensor.Shape[1] (Array.map float32 tensor.Values)

    /// A tensor (rows, cols), or of one row, in double.
    let array2D (tensor: OracleTensor) =
        let cols = Array.last tensor.Shape
        Array2D.init (tensor.Values.Length / cols) cols (fun i j -> tensor.Values[i * cols + j])

    let private step (tensors: Map<string, OracleTensor>) index (entry: JsonElement) =
        { Losses =
            Map
                [ for loss in entry.GetProperty("losses").EnumerateObject() ->
                      loss.Name, loss.Value.GetDouble() ]
          L0 = entry.GetProperty("l0").GetDouble()
          X = matrix tensors[$"batch_{index}"]
          Dead = tensors[$"dead_{index}"].Values |> Array.map (fun value -> value <> 0.0) }

    /// Every oracle.
    let names =
        [ for path in Directory.GetFiles(Oracles.path "steps", "*.json") ->
              Path.GetFileNameWithoutExtension path ]
        |> List.sort

    /// The oracle of that name.
    let read (name: string) =
        let json =
            JsonDocument.Parse(File.ReadAllText(Oracles.path $"steps/{name}.json")).RootElement

        let tensors = tensors (Oracles.path $"steps/{name}.safetensors")

        { Sae = spec tensors (json.GetProperty "config")
          Lr = json.GetProperty("lr").GetDouble()
          Steps =
            [ for index, entry in Seq.indexed (json.GetProperty("steps").EnumerateArray()) ->
                  step tensors index entry ]
          GradientNorm0 = json.GetProperty("gradient_norm_0").GetDouble()
          Tensors = tensors }
