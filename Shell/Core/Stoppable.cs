namespace SynthSae.Core;

/// <summary>Work of which nothing is lost when it is stopped half-way.</summary>
internal static class Stoppable
{
    /// <summary>The result of the work; it is not waited for once a stop is requested.</summary>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static T Wait<T>(Func<T> work, CancellationToken stop) =>
        Task.Run(work, stop).WaitAsync(stop).GetAwaiter().GetResult();
}
