module SynthSae.Tests.Shell.TextTests

open System
open FsCheck.FSharp
open SynthSae.Formatting
open SynthSae.Progress
open SynthSae.Runs
open SynthSae.Tests
open Xunit

let private parse (text: string) =
    match Counts.TryParse text with
    | true, count -> Some count
    | false, _ -> None

[<Fact>]
let ``counts are read in the forms that people write`` () =
    for text, count in
        [ "0", 0L
          "20000", 20_000L
          "20_000", 20_000L
          "20,000", 20_000L
          "1e6", 1_000_000L
          "2.5e3", 2_500L
          "200M", 200_000_000L
          "1.5m", 1_500_000L
          "50k", 50_000L
          "3G", 3_000_000_000L
          "9223372036854775807", Int64.MaxValue ] do
        Assert.Equal(Some count, parse text)

[<Fact>]
let ``what is no count is refused`` () =
    for text in
        [ ""
          "-1"
          "+1"
          "1.5"
          "k"
          "1e-3"
          "1e99"
          "0x10"
          "1 000"
          "9223372036854775808"
          "10000000000000G"
          "NaN"
          "٣" ] do
        Assert.Equal(None, parse text)

[<Fact>]
let ``a count that was written is read back`` () =
    Property.check (fun (count: int64) ->
        let count = if count < 0L then -(count + 1L) else count
        parse (Counts.Exact count) = Some count)

let private states =
    gen {
        let! phase = Gen.elements [ RunPhase.World; RunPhase.Training; RunPhase.Evaluation ]
        let! step = Gen.choose (1, 1_000_000)
        let! more = Gen.choose (0, 1_000_000)
        let! pace = Gen.elements [ 0.0; 0.5; 18_000.0; 9.9e9 ]
        let! loss = Gen.elements [ 0.0; 1e-9; 123.4; 1e12; nan; infinity ]
        let! seconds = Gen.choose (0, 100_000)
        let! scored = Gen.elements [ 0.0; 0.3; 1.0 ]

        let progress =
            StepProgress(
                int64 step,
                int64 (step + more),
                int64 step * 1024L,
                loss,
                loss,
                25.0,
                0.5,
                3,
                3e-4
            )

        return
            ProgressState(
                phase,
                "words for what goes on",
                TimeSpan.FromSeconds(float seconds),
                scored,
                Nullable(TrainingFigures([| progress |], [| 4096 |], pace))
            )
    }

[<Fact>]
let ``progress fits every width`` () =
    let cases = Gen.zip states (Gen.choose (1, 200))

    Property.forAll cases (fun (state, width) ->
        ProgressText.Live(state, width) |> Seq.forall (fun line -> line.Length <= width))

[<Fact>]
let ``an estimate is shown to the decimals that its error gives meaning to`` () =
    Assert.Equal("0.4550 ± 0.0009", Numbers.WithError(0.45496, 0.00087))
    Assert.Equal("9.0 ± 1.3", Numbers.WithError(9.0, 1.3))
    Assert.Equal("0.517 ± 0.015", Numbers.WithError(0.5174, 0.0153))
    Assert.Equal("0.7813", Numbers.WithError(0.78125, 0.0))
    Assert.Equal("0.7813", Numbers.WithError(0.78125, nan))

[<Fact>]
let ``tables line up, and the last column is wrapped`` () =
    use writer = new IO.StringWriter()

    let table =
        TextTable(TextTable.Column "name", TextTable.Column("n", true), TextTable.Column "words")

    table
        .Add("a", "1", "one two three four five six seven")
        .Add("long name", "100", "x")
        .Write(writer, 40)

    let expected =
        [ "name         n  words"
          "a            1  one two three four five"
          "                six seven"
          "long name  100  x"
          "" ]

    Assert.Equal<string>(expected, (string writer).Split '\n')

[<Fact>]
let ``scores fit into a terminal of 80 columns, and whole numbers without an error are whole`` () =
    let metric name value error = Metric(name, value, error)

    let scores =
        Scores(
            20_000L,
            [| metric MetricNames.F1 0.1961 0.0004
               metric MetricNames.Uniqueness 0.7063 0.0
               metric "dead_latents" 48.0 0.0
               metric "mse" 298.75 0.85 |]
        )

    let published = SynthSae.Reports.Published(25.0, 0.7316, 0.7574, 0.9837, 0.7923)

    for pruned in [ null; scores ] do
        use out = new IO.StringWriter()
        let host = SynthSae.Hosting.Host(out, out, false, false, 80)
        let forms = RunScores(scores, scores, pruned)
        SynthSae.Reports.ScoreTable.Write(forms, published, 1_000_448L, host)
        let text = out.ToString()

        for line in text.Split '\n' do
            Assert.True(line.Length <= 80, line)

        Assert.Matches(@"dead latents +48 ", text)
        Assert.Contains("0.7063", text)
        Assert.Contains("published*", text)

[<Fact>]
let ``a value is written to the first digit of its error`` () =
    for value, error, text in
        [ 0.95837, 0.00051, "0.9584(5)"
          0.95837, 0.00097, "0.958(1)"
          0.95837, 0.0123, "0.96(1)"
          25.0612, 0.017, "25.06(2)"
          1234.56, 30.0, "1,235(30)"
          0.9999961, 0.0000012, "0.999996(1)"
          1.0, 0.0, "1" ] do
        Assert.Equal(text, Numbers.Concise(value, error))
