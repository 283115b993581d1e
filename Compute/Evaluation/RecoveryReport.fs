namespace SynthSae.Compute

open System
open System.Globalization
open System.IO
open System.Text
open System.Text.Json

/// The written forms of a recovery.
module RecoveryReport =
    /// The columns of the table of features: see `FeatureReport`. An empty cell means there is none. The figures of
    /// a latent follow its number; `best_latent` and what follows it is the one that detects the feature best.
    let csvHeader =
        "feature,depth,parent,nominal_rate,rate,mean_magnitude,"
        + "nearest_latent,cosine,precision,recall,f1_score,"
        + "best_latent,best_cosine,best_precision,best_recall,best_f1_score,"
        + "own_latents,together_f1_score,lent,verdict"

    let private number (value: float) =
        if Double.IsNaN value then "" else value.ToString("G6", CultureInfo.InvariantCulture)

    let private latentCells (latent: FeatureLatent) =
        [ string latent.Latent
          number latent.Cosine
          number latent.Score.Precision
          number latent.Score.Recall
          number latent.Score.F1Score ]

    let private csvLine (report: FeatureReport) =
        let optional = Option.map string<int> >> Option.defaultValue ""

        let cells =
            [ [ string report.Feature
                optional report.Depth
                optional report.Parent
                number report.NominalRate
                number report.Rate
                number report.MeanMagnitude ]
              latentCells report.Nearest
              latentCells report.Best
              [ string report.OwnLatents
                number report.TogetherF1
                number report.Lent
                Verdict.name report.Verdict ] ]

        String.Join(",", List.concat cells)

    /// `features.csv`: `csvHeader`, then a line for each feature.
    let toCsv (recovery: Recovery) : string =
        let text = StringBuilder()
        text.Append(csvHeader).Append('\n') |> ignore

        for report in recovery.Features do
            text.Append(csvLine report).Append('\n') |> ignore

        text.ToString()

    let private writeNumber (writer: Utf8JsonWriter) (name: string) (value: float) =
        if Double.IsFinite value then
            writer.WriteNumber(name, float (value.ToString("G6", CultureInfo.InvariantCulture)))
        else
            writer.WriteNull name

    let private writeGroup (writer: Utf8JsonWriter) (group: RecoveryGroup) =
        writer.WriteNumber("features", group.Features)
        writer.WriteNumber("recovered", group.Recovered)
        writer.WriteNumber("split", group.Split)
        writer.WriteNumber("absorbed", group.Absorbed)
        writer.WriteNumber("missed", group.Missed)
        writeNumber writer "mean_f1_score" group.MeanF1
        writeNumber writer "mean_cosine" group.MeanCosine

    let private writeRule (writer: Utf8JsonWriter) (rule: RecoveryRule) =
        writer.WriteStartObject "rule"
        writeNumber writer "least_cosine" rule.LeastCosine
        writeNumber writer "least_f1_score" rule.LeastF1
        writeNumber writer "least_lent_cosine" rule.LeastLentCosine
        writeNumber writer "least_lent_of_lost" rule.LeastLentOfLost
        writeNumber writer "least_lent" rule.LeastLent
        writer.WriteEndObject()

    let private writeList (writer: Utf8JsonWriter) (name: string) items write =
        writer.WriteStartArray name

        for item in items do
            writer.WriteStartObject()
            write item
            writer.WriteEndObject()

        writer.WriteEndArray()

    let private writeBin writer bin =
        writeNumber writer "from" bin.From
        writeNumber writer "to" bin.To
        writeGroup writer bin.Group

    let private writeSummary (writer: Utf8JsonWriter) (summary: RecoverySummary) =
        writer.WriteStartObject "all"
        writeGroup writer summary.All
        writer.WriteEndObject()
        writer.WriteNumber("never_active", summary.NeverActive)

        writeList writer "by_depth" summary.ByDepth (fun (depth, group) ->
            match depth with
            | Some depth -> writer.WriteNumber("depth", depth)
            | None -> writer.WriteNull "depth"

            writeGroup writer group)

        writeList writer "by_rate" summary.ByRate (writeBin writer)
        writeList writer "by_magnitude" summary.ByMagnitude (writeBin writer)

    /// A row of the picture as whole hundredths, which keeps the file small.
    let private writeCells (writer: Utf8JsonWriter) (cells: Matrix) =
        writer.WriteStartArray "largest_cosine_percent"

        for row in 0 .. cells.Rows - 1 do
            let values =
                seq { for col in 0 .. cells.Cols - 1 -> int (round (cells[row, col] * 100.0f)) }

            writer.WriteRawValue("[" + String.Join(",", values) + "]")

        writer.WriteEndArray()

    /// `recovery.json`: {schema, samples, features, latents, rule, all, never_active, by_depth, by_rate, by_magnitude,
    /// heat_map}.
    let toJson (recovery: Recovery) : string =
        use stream = new MemoryStream()

        (use writer = new Utf8JsonWriter(stream, JsonWriterOptions(Indented = true))
         writer.WriteStartObject()
         writer.WriteNumber("schema", 1)
         writer.WriteNumber("samples", recovery.Samples)
         writer.WriteNumber("features", recovery.Features.Length)
         writer.WriteNumber("latents", recovery.Latents)
         writeRule writer recovery.Rule
         writeSummary writer (RecoverySummary.ofFeatures recovery.Features)
         writer.WriteStartObject "heat_map"
         writer.WriteString("rows", "latents, by their feature")
         writer.WriteString("columns", "features, by trees")
         writeCells writer recovery.Map.Cells
         writer.WriteEndObject()
         writer.WriteEndObject())

        Encoding.UTF8.GetString(stream.ToArray()) + "\n"
