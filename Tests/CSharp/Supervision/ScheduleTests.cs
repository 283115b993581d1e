using SynthSae.Supervision;
using Xunit;

namespace SynthSae.Tests.Supervision;

public sealed class ScheduleTests
{
    private static readonly DeviceWish[] Wishes =
    [
        DeviceWish.Processor, DeviceWish.AnyGpu, DeviceWish.Any, .. new[] { 0, 1, 7 }
            .Select(number => new DeviceWish(Cpu: false, Gpu: true, number)),
    ];

    [Fact]
    public void A_slot_is_given_to_one_run_and_a_run_gets_one_slot_that_fits() =>
        Always((_, free, decided) =>
        {
            Assert.Equal(decided.Count, decided.Select(one => one.Slot).Distinct().Count());
            Assert.Equal(decided.Count, decided.Select(one => one.Ticket.Run).Distinct().Count());
            Assert.All(decided, one => Assert.True(one.Ticket.Device.Fits(one.Slot)));
            Assert.All(decided, one => Assert.Contains(one.Slot, free));
        });

    [Fact]
    public void No_slot_stays_free_that_a_waiting_run_could_use() =>
        Always((queue, free, decided) =>
        {
            var left = free.Except(decided.Select(one => one.Slot)).ToList();
            var waiting = queue.Except(decided.Select(one => one.Ticket));
            Assert.All(waiting, ticket => Assert.DoesNotContain(left, ticket.Device.Fits));
        });

    [Fact]
    public void A_run_waits_only_for_runs_that_come_before_it() =>
        Always((queue, free, decided) =>
        {
            foreach (var waiting in queue.Except(decided.Select(one => one.Ticket)))
            {
                var takers = decided.Where(one => waiting.Device.Fits(one.Slot));
                Assert.All(takers, taker => Assert.True(IsBefore(taker.Ticket, waiting)));
            }
        });

    [Fact]
    public void The_order_of_reading_the_queue_makes_no_difference() =>
        Always((queue, free, decided) =>
            Assert.Equal(decided, Schedule.Decide(queue.Reverse(), free.Reverse())));

    [Fact]
    public void A_run_that_any_GPU_suits_leaves_alone_the_one_that_another_asks_for()
    {
        var any = Ticket("a", DeviceWish.AnyGpu, 1, 0);
        var first = Ticket("b", new DeviceWish(Cpu: false, Gpu: true, 0), 0, 1);
        var decided = Schedule.Decide([any, first], [new Slot(true, 0), new Slot(true, 1)]);
        Assert.Equal([(any, new Slot(true, 1)), (first, new Slot(true, 0))], decided);
    }

    [Fact]
    public void A_run_that_anything_suits_takes_a_GPU_while_there_is_one()
    {
        var slots = new[] { new Slot(false, 0), new Slot(true, 0) };
        var a = Ticket("a", DeviceWish.Any, 0, 0);
        var b = Ticket("b", DeviceWish.Any, 0, 1);
        Assert.Equal([(a, slots[1]), (b, slots[0])], Schedule.Decide([b, a], slots));
    }

    private static bool IsBefore(Ticket one, Ticket other) =>
        Place(one).CompareTo(Place(other)) < 0;

    private static (int, long, string) Place(Ticket ticket) =>
        (-ticket.Priority, ticket.Order, ticket.Run);

    private static void Always(
        Action<
            IReadOnlyList<Ticket>,
            IReadOnlyList<Slot>,
            IReadOnlyList<(Ticket Ticket, Slot Slot)>> check)
    {
        var random = new Random(20261121);
        for (var round = 0; round < 2000; round++)
        {
            var queue = Enumerable.Range(0, random.Next(9))
                .Select(number => Ticket(
                    $"{(char)('a' + number)}",
                    Wishes[random.Next(Wishes.Length)],
                    random.Next(-1, 2),
                    random.Next(3)))
                .ToList();
            var free = Enumerable.Range(0, 4)
                .SelectMany(number => new[] { new Slot(true, number), new Slot(false, number) })
                .Where(_ => random.Next(2) == 0)
                .ToList();
            check(queue, free, Schedule.Decide(queue, free));
        }
    }

    private static Ticket Ticket(string run, DeviceWish device, int priority, long order) =>
        new($"/runs/{run}", device, priority, order, "/");
}
