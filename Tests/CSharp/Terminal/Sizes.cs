using FsCheck;
using FsCheck.Fluent;
using SynthSae.Terminal;

namespace SynthSae.Tests.Terminal;

/// <summary>Screens from 1×1 to 300×100, small ones as often as large ones.</summary>
internal static class Sizes
{
    public static Gen<Size> Gen { get; } = FsCheck.Fluent.Gen.OneOf(
        Within(1, 12, 1, 6), Within(1, 80, 1, 24), Within(1, 300, 1, 100));

    public static IReadOnlyList<Size> Golden { get; } = [new(80, 24), new(120, 40), new(40, 12)];

    private static Gen<Size> Within(int columns, int maxColumns, int rows, int maxRows) =>
        from width in FsCheck.Fluent.Gen.Choose(columns, maxColumns)
        from height in FsCheck.Fluent.Gen.Choose(rows, maxRows)
        select new Size(width, height);
}
