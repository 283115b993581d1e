using SynthSae.Slurm;
using Xunit;

namespace SynthSae.Tests.Slurm;

public sealed class WordsTests
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData("  ", new string[0])]
    [InlineData("--a=1  -b\t2", new[] { "--a=1", "-b", "2" })]
    [InlineData("--comment='two words' x", new[] { "--comment=two words", "x" })]
    [InlineData("\"it's\" ''", new[] { "it's", "" })]
    public void Spaces_part_words_outside_of_quotation_marks(string text, string[] words) =>
        Assert.Equal(words, Words.TrySplit(text));

    [Theory]
    [InlineData("--comment='two")]
    [InlineData("\"")]
    public void A_quotation_mark_has_to_be_closed(string text) => Assert.Null(Words.TrySplit(text));
}
