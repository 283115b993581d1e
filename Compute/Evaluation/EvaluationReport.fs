namespace SynthSae.Compute

open System
open System.Globalization
open System.IO
open System.Text
open System.Text.Json

/// The written forms of an evaluation.
module EvaluationReport =
    let private writeNumber (writer: Utf8JsonWriter) (name: string) (value: float) =
        if Double.IsFinite value then writer.WriteNumber(name, value) else writer.WriteNull name

    let private writeMetrics (writer: Utf8JsonWriter) (metrics: Metrics) =
        writeNumber writer "true_l0" metrics.TrueL0
        writeNumber writer "sae_l0" metrics.SaeL0
        writeNumber writer "dead_latents" metrics.DeadLatents
        writeNumber writer "shrinkage" metrics.Shrinkage
        writeNumber writer "explained_variance" metrics.ExplainedVariance
        writeNumber writer "mse" metrics.Mse
        writeNumber writer "mcc" metrics.Mcc
        writeNumber writer "uniqueness" metrics.Uniqueness
        writer.WriteStartObject "classification"
        writeNumber writer "precision" metrics.Precision
        writeNumber writer "recall" metrics.Recall
        writeNumber writer "f1_score" metrics.F1Score
        writeNumber writer "accuracy" metrics.Accuracy
        writer.WriteEndObject()

    /// `eval_stats.json`: the reference's names at the top; beside them `mse`, the sample count, and
    /// `standard_errors` in the same shape, null where one block of samples gives none.
    let toJson (result: EvaluationResult) : string =
        use stream = new MemoryStream()

        (use writer = new Utf8JsonWriter(stream, JsonWriterOptions(Indented = true))
         writer.WriteStartObject()
         writeMetrics writer result.Metrics
         writer.WriteNumber("num_samples", result.Settings.Samples)
         writer.WriteStartObject "standard_errors"
         writeMetrics writer result.StandardErrors
         writer.WriteEndObject()
         writer.WriteEndObject())

        Encoding.UTF8.GetString(stream.ToArray())

    /// The columns of the table: see `LatentReport`. An empty cell means there is none.
    let csvHeader =
        "latent,best_feature,cosine,assigned_feature,assigned_cosine,precision,recall,f1_score,"
        + "firing_rate,feature_depth,feature_rate,dead"

    let private csvLine (report: LatentReport) =
        let number (value: float) =
            value.ToString("G9", CultureInfo.InvariantCulture)

        let optional = Option.map string<int> >> Option.defaultValue ""

        String.Join(
            ",",
            [ string report.Latent
              string report.BestFeature
              number report.Cosine
              optional report.AssignedFeature
              (if report.AssignedFeature.IsSome then number report.AssignedCosine else "")
              number report.Score.Precision
              number report.Score.Recall
              number report.Score.F1Score
              number report.FiringRate
              optional report.FeatureDepth
              number report.FeatureRate
              (if report.IsDead then "1" else "0") ]
        )

    /// The table of latents: `csvHeader`, then a line for each latent.
    let toCsv (result: EvaluationResult) : string =
        let text = StringBuilder()
        text.Append(csvHeader).Append('\n') |> ignore

        for report in result.Latents do
            text.Append(csvLine report).Append('\n') |> ignore

        text.ToString()

    /// The table of latents of an evaluation without a truth: latent, firing rate, whether dead.
    let firingCsv (result: UnsupervisedResult) : string =
        let text = StringBuilder("latent,firing_rate,dead\n")

        result.FiringRates
        |> Array.iteri (fun latent rate ->
            let number = rate.ToString("G9", CultureInfo.InvariantCulture)
            let dead = if rate = 0.0 then 1 else 0
            text.Append($"{latent},{number},{dead}\n") |> ignore)

        text.ToString()
