namespace SynthSae.Sweeps;

/// <summary>
/// Where the runs of a sweep are executed: in this process one after another, by the supervisor in
/// the background, or on a cluster.
/// </summary>
/// <remarks>
/// It gets the runs that are left to do (<see cref="SweepJob.Missing"/>), each as a prepared run
/// folder: <c>run.json</c> is there and names the sweep. Each is executed by a process <c>synthsae
/// work FOLDER</c>, which begins the run or goes on from its newest checkpoint, or in this process
/// by what that command calls. The folder's lock sees to it that no run is executed twice at a
/// time; its <c>result.json</c> says that it has finished. Nothing is reported back: the table of a
/// sweep is made of its run folders whenever someone asks. An executor may keep files of its own in
/// the sweep's folder (<see cref="SweepFolder.Path"/>), for instance the numbers of its jobs, and
/// finds them there when the sweep goes on; this process alone writes to that folder while
/// <see cref="Execute"/> runs.
/// </remarks>
internal interface ISweepExecutor
{
    /// <summary>What <c>--executor</c> calls it.</summary>
    string Name { get; }

    /// <summary>Find out whether it can be used at all, before anything is written.</summary>
    /// <exception cref="Core.Failure">It cannot.</exception>
    void Check()
    {
    }

    /// <summary>
    /// Execute the runs, or hand them over to whoever does. A run that fails keeps no other from
    /// being executed.
    /// </summary>
    /// <param name="job">What is to be done.</param>
    /// <param name="stop">When requested, runs in this process are stopped so that they can go on
    ///   later.</param>
    /// <exception cref="Core.Failure">Nothing could be executed or handed over.</exception>
    SweepProgress Execute(SweepJob job, CancellationToken stop);
}
