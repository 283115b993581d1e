using Xunit;

namespace SynthSae.Tests.Api;

public sealed class SparseCodesTests
{
    [Fact]
    public void The_dense_form_comes_back_as_it_was()
    {
        float[] dense = [0, 1, 0, 2, 0, 0, 0, 0, 0, 0, -3, 4];
        var codes = SparseCodes.FromDense(dense, 4);
        Assert.Equal((3, 4, 4), (codes.Rows, codes.Width, codes.Count));
        Assert.Equal([0, 2, 2, 4], codes.RowStart.ToArray());
        Assert.Equal([1, 3], codes.IndexOf(0).ToArray());
        Assert.Equal([-3, 4], codes.ValueOf(2).ToArray());
        Assert.Equal(4.0 / 3, codes.L0);
        Assert.Equal(dense, codes.ToDense());
        var again = new SparseCodes(4, codes.RowStart, codes.Index, codes.Value);
        Assert.Equal(dense, again.ToDense());
    }

    [Theory]
    [InlineData(new[] { 1, 2 }, new[] { 0, 1 }, 2)]
    [InlineData(new[] { 0, 1 }, new[] { 0, 1 }, 2)]
    [InlineData(new[] { 0, 2 }, new[] { 1, 1 }, 2)]
    [InlineData(new[] { 0, 2 }, new[] { 0, 3 }, 2)]
    [InlineData(new[] { 0, 2 }, new[] { -1, 0 }, 2)]
    [InlineData(new[] { 0, 2 }, new[] { 0, 1 }, 1)]
    [InlineData(new[] { 0, 3, 2 }, new[] { 0, 1 }, 2)]
    [InlineData(new int[0], new int[0], 0)]
    public void Arrays_that_do_not_fit_each_other_are_refused(int[] rowStart, int[] index, int values) =>
        Assert.Throws<ArgumentException>(
            () => new SparseCodes(3, rowStart, index, new float[values]));
}
