using FsCheck;
using FsCheck.Fluent;
using SynthSae.Dashboard;
using SynthSae.Terminal;
using SynthSae.Tests.Terminal;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class LayoutTests
{
    [Fact]
    public void Parts_lie_inside_in_order_and_do_not_overlap()
    {
        var cases = from size in Sizes.Gen from compact in Gen.Elements(true, false) select (size, compact);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var all = Rect.Of(one.size);
            var layout = DashboardLayout.Of(one.size, one.compact);
            Rect[] parts = layout.Status == layout.Footer
                ? [layout.Header, layout.Body, layout.Footer]
                : [layout.Header, layout.Body, layout.Status, layout.Footer];
            var there = parts.Where(part => !part.IsEmpty).ToArray();
            Assert.All(there, part => Assert.True(all.Contains(part)));
            Assert.All(there.Zip(there.Skip(1)), pair => Assert.True(pair.First.Bottom <= pair.Second.Top));
            Assert.False(layout.Body.IsEmpty);
            Assert.Equal(one.size.Covers(DashboardLayout.Least), !layout.Footer.IsEmpty);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Pieces_of_a_rectangle_cover_it_and_do_not_overlap()
    {
        var cases =
            from size in Sizes.Gen
            from cut in Gen.Choose(-3, 310)
            from count in Gen.Choose(0, 9)
            select (area: Rect.Of(size), cut, count);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var (area, cut, count) = one;
            var pairs = new[] { area.CutTop(cut), area.CutBottom(cut), area.CutLeft(cut), area.CutRight(cut) };
            foreach (var (part, others) in pairs)
            {
                Assert.True(area.Contains(part) && area.Contains(others));
                Assert.True(part.Intersect(others).IsEmpty);
                Assert.Equal(area.Width * area.Height, (part.Width * part.Height) + (others.Width * others.Height));
            }

            foreach (var shares in new[] { area.Columns(count), area.Rows(count) })
            {
                Assert.Equal(count == 0 ? 0 : area.Width * area.Height, shares.Sum(share => share.Width * share.Height));
                Assert.All(shares, share => Assert.True(area.Contains(share)));
            }
        }).QuickCheckThrowOnFailure();
    }
}
