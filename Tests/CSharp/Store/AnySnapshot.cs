using FsCheck;
using FsCheck.Fluent;
using SynthSae.Store;

namespace SynthSae.Tests.Store;

/// <summary>What a run may say of itself.</summary>
internal static class AnySnapshot
{
    private static readonly string?[] Texts =
        [null, "", "cpu", "cuda:0", "zwei Wörter", "\"quoted\"\n", "日本", "a\\b\u0001"];

    /// <summary>A number, or none.</summary>
    public static Gen<double> Figure =>
        Gen.OneOf(
            Gen.Elements(0, -0.5, 1e-300, 1.7e308, 0.1, 1.0 / 3, 6, double.NaN),
            Gen.Choose(-1000, 1000).Select(number => number / 7.0));

    /// <summary>A snapshot.</summary>
    public static Gen<RunSnapshot> Any =>
        from status in Gen.Elements(Enum.GetValues<RunStatus>())
        from saes in AnySae.ListOf()
        from numbers in Figure.ArrayOf(6)
        from counts in Count.ArrayOf(5)
        from texts in Gen.Elements(Texts).ArrayOf(6)
        from started in Gen.Elements(true, false)
        from milliseconds in Gen.Choose(0, 1 << 30)
        let time = new DateTime(2026, 11, 21, 6, 0, 0, DateTimeKind.Utc).AddMilliseconds(milliseconds)
        select new RunSnapshot
        {
            Status = status,
            Phase = texts[0] ?? "",
            What = texts[1] ?? "",
            Step = counts[0],
            Steps = counts[1],
            Samples = counts[2],
            SamplesPerSecond = numbers[0],
            SecondsLeft = numbers[1],
            ScoringShare = double.IsNaN(numbers[2]) ? 0 : numbers[2],
            Saes = [.. saes],
            Device = texts[2],
            Threads = milliseconds % 64,
            Host = texts[3],
            Boot = texts[4],
            Pid = milliseconds % 100_000,
            Created = time,
            Started = started ? time.AddSeconds(1) : null,
            Updated = time.AddMinutes(1),
            CpuShare = numbers[3],
            ResidentBytes = counts[3],
            GpuShare = numbers[4],
            GpuBytes = counts[4] % 2 == 0 ? -1 : counts[4],
            Message = texts[5],
        };

    private static Gen<long> Count =>
        Gen.OneOf(
            Gen.Elements(0L, 1, 200_000_000_000, 1L << 52),
            Gen.Choose(0, int.MaxValue).Select(number => (long)number));

    private static Gen<SaeFigures> AnySae =>
        from figures in Figure.ArrayOf(6)
        from latents in Gen.Choose(0, 1 << 20)
        from dead in Gen.Choose(-1, 5000)
        from step in Gen.Choose(-1, int.MaxValue)
        select new SaeFigures
        {
            Architecture = "JumpReLU",
            Latents = latents,
            K = figures[0],
            Loss = figures[1],
            L0 = figures[2],
            R2 = figures[3],
            Dead = dead,
            F1 = figures[4],
            Mcc = figures[5],
            ScoredAtStep = step,
        };
}
