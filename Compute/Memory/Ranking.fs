namespace SynthSae.Compute

open System

/// Order statistics without sorting.
module Ranking =
    /// The value of rank `k` (1 = largest, at most the length) by Hoare's quickselect; reorders the values.
    let kthLargest (values: Span<float32>) (k: int) : float32 =
        let mutable low = 0
        let mutable high = values.Length - 1
        let target = k - 1

        while low < high do
            let a, b, c = values[low], values[(low + high) >>> 1], values[high]
            let pivot = max (min a b) (min (max a b) c)
            let mutable i = low
            let mutable j = high

            while i <= j do
                while values[i] > pivot do
                    i <- i + 1

                while values[j] < pivot do
                    j <- j - 1

                if i <= j then
                    let swapped = values[i]
                    values[i] <- values[j]
                    values[j] <- swapped
                    i <- i + 1
                    j <- j - 1

            if target <= j then
                high <- j
            elif target >= i then
                low <- i
            else
                low <- target
                high <- target

        values[target]
