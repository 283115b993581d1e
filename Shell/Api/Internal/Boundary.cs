using System.Runtime.ExceptionServices;
using Microsoft.FSharp.Collections;
using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Hub;
using SynthSae.Spec;

namespace SynthSae.Api;

/// <summary>The one place where errors of the core become those of the public API.</summary>
internal static class Boundary
{
    /// <summary>The result of the work.</summary>
    /// <exception cref="SynthSaeException">Input from outside breaks a rule.</exception>
    public static T Run<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception error) when (Translate(error) is { } translated)
        {
            ExceptionDispatchInfo.Throw(translated);
            throw; // not reached
        }
    }

    /// <summary>Do the work.</summary>
    /// <exception cref="SynthSaeException">Input from outside breaks a rule.</exception>
    public static void Run(Action work) =>
        Run(() =>
        {
            work();
            return true;
        });

    /// <summary>The public form of an error; null for one that is passed on as it is.</summary>
    public static Exception? Translate(Exception error) =>
        error switch
        {
            SpecException spec => new SpecificationException(spec.Place, Errors(spec.Errors)),
            BadInput bad => new SynthSaeException(bad.place.TrimStart('-'), bad.problem, bad),
            HubFailure hub => new SynthSaeException("the hub", hub.Message, hub),
            CrashException { InnerException: { } bug } => bug,
            AggregateException { InnerExceptions.Count: 1, InnerException: { } inner } =>
                Translate(inner) ?? inner,
            IOException or UnauthorizedAccessException =>
                new SynthSaeException("file", error.Message, error),
            OutOfMemoryException =>
                new SynthSaeException("memory", "the machine has none left for this", error),
            _ => null,
        };

    /// <summary>The public form of broken rules.</summary>
    public static IReadOnlyList<SpecificationError> Errors(IEnumerable<SpecError> errors) =>
        [.. errors.Select(error => new SpecificationError(error.Path, error.Rule, error.Value))];

    /// <summary>Every broken rule of a validation; none where it holds.</summary>
    public static IReadOnlyList<SpecificationError> Errors<T>(
        Microsoft.FSharp.Core.FSharpResult<T, FSharpList<SpecError>> result) =>
        result.IsOk ? [] : Errors(result.ErrorValue);
}
