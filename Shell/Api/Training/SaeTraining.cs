using SynthSae.Api;

namespace SynthSae;

/// <summary>
/// Executes runs in this process: gets the data ready, trains the SAEs, scores them. A run works on
/// threads of its own, never on the caller's; several may run at once, each in a folder of its own.
/// <see cref="RunDirectory"/> has runs executed in processes of their own.
/// </summary>
public static class SaeTraining
{
    /// <summary>
    /// Execute a run, and hear what happens in it. The run begins with the first event that is
    /// asked for. However slowly the events are read, the run is not slowed down, and at most about
    /// a thousand events wait.
    /// </summary>
    /// <param name="specification">What to run.</param>
    /// <param name="options">How to execute it.</param>
    /// <param name="cancellation">
    /// Stops the run after the step in progress. It saves its SAEs and, in a run folder, a
    /// checkpoint from which <see cref="ResumeAsync"/> goes on with the same results to the bit;
    /// then <see cref="TrainingEvent.Stopped"/> is told and
    /// <see cref="OperationCanceledException"/> thrown. Who stops reading stops the run in the same
    /// way.
    /// </param>
    /// <exception cref="SpecificationException">
    /// The specification breaks rules; all are listed.
    /// </exception>
    /// <exception cref="SynthSaeException">
    /// The data, a folder or the device cannot be used.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IAsyncEnumerable<TrainingEvent> RunAsync(
        RunSpecification specification,
        TrainingOptions? options = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(specification);
        return Execution.Run(
            () => Execution.Begin(specification, options ?? new()), cancellation);
    }

    /// <summary>
    /// Go on with a run that was stopped or killed, from its newest whole checkpoint.
    /// </summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="options">
    /// How to execute it; it goes on by its own specification, in its own folder and on the kind of
    /// device on which it began.
    /// </param>
    /// <param name="cancellation">As of <see cref="RunAsync"/>.</param>
    /// <exception cref="SynthSaeException">
    /// The run has finished, has no checkpoint, or is going on in another process.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IAsyncEnumerable<TrainingEvent> ResumeAsync(
        string folder, TrainingOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return Execution.Run(() => Execution.Again(folder, options ?? new()), cancellation);
    }

    /// <summary>Execute a run to its end.</summary>
    /// <param name="specification">What to run.</param>
    /// <param name="options">How to execute it.</param>
    /// <param name="progress">Hears the events, as <see cref="RunAsync"/> tells them.</param>
    /// <param name="cancellation">As of <see cref="RunAsync"/>.</param>
    /// <returns>What came out.</returns>
    /// <exception cref="SpecificationException">
    /// The specification breaks rules; all are listed.
    /// </exception>
    /// <exception cref="SynthSaeException">
    /// The data, a folder or the device cannot be used.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<TrainingResult> TrainAsync(
        RunSpecification specification,
        TrainingOptions? options = null,
        IProgress<TrainingEvent>? progress = null,
        CancellationToken cancellation = default)
    {
        TrainingResult? result = null;
        var events = RunAsync(specification, options, cancellation).ConfigureAwait(false);
        await foreach (var happened in events)
        {
            progress?.Report(happened);
            result = happened switch
            {
                TrainingEvent.Finished finished => finished.Result,
                TrainingEvent.Stopped stopped => stopped.Result,
                _ => result,
            };
        }

        return result!;
    }
}
