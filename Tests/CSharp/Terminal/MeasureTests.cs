using SynthSae.Terminal;
using Xunit;

namespace SynthSae.Tests.Terminal;

public sealed class MeasureTests
{
    [Theory]
    [InlineData("plain", 5)]
    [InlineData("", 0)]
    [InlineData("漢字", 4)]
    [InlineData("e\u0301", 1)]
    [InlineData("R²≈…", 4)]
    [InlineData("⣿█▄│", 4)]
    [InlineData("👍", 2)]
    [InlineData("👩\u200d🔬", 2)]
    [InlineData("\u200b", 0)]
    public void Text_is_measured_in_cells(string text, int width) =>
        Assert.Equal(width, Measure.Width(text));

    [Theory]
    [InlineData("abcdef", 6, "abcdef")]
    [InlineData("abcdef", 4, "abc…")]
    [InlineData("abcdef", 1, "…")]
    [InlineData("abcdef", 0, "")]
    [InlineData("漢字漢字", 4, "漢…")]
    [InlineData("e\u0301e\u0301e\u0301", 2, "e\u0301…")]
    public void What_does_not_fit_ends_in_an_ellipsis(string text, int width, string shown) =>
        Assert.Equal(shown, Measure.Truncate(text, width));

    [Theory]
    [InlineData("/a/long/path", 6, "…/path")]
    [InlineData("short", 6, "short")]
    [InlineData("漢字", 3, "…字")]
    [InlineData("漢字", 1, "…")]
    public void The_end_of_a_text_can_be_kept_instead(string text, int width, string shown) =>
        Assert.Equal(shown, Measure.TruncateLeft(text, width));

    [Theory]
    [InlineData(-1, "")]
    [InlineData(3, "漢…")]
    [InlineData(7, "漢字   ")]
    public void Text_is_fitted_to_an_exact_width(int width, string shown) =>
        Assert.Equal(shown, Measure.Fit("漢字", width));
}
