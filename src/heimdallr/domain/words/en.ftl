### What Heimdallr says, in English. The same messages stand in pt.ftl.
### Parameters: $structure, $region, $edges … arrive as names in this language; numbers are formatted here.

## Why a measurement has no value

task_not_run = task { $task } was not run: { $reason }
not_requested = not requested
weights_not_installed = the weights of { $task } are not installed
body_needs_attenuation = the body is told from what lies around it by attenuation, which MR does not have
package_not_installed = the package { $package } is not installed
lesion_not_segmented = no { $structure } segmented; this does not exclude it
no_tissue_weights = no weights for any tissue route are installed
licence_needed = needs a TotalSegmentator licence number
not_in_view = no { $structure } in view ({ NUMBER($seen_cm3, maximumFractionDigits: 0) } of at least { $needed_cm3 } cm³)
region_not_covered = the { $region } { $region ->
    [extremities] are
   *[other] is
} not covered by this volume
region_not_measured = part of the series was not measured; the { $region } may lie there
not_in_measured_part = no { $structure } segmented, but part of the { $region } was not measured
not_segmented = no { $structure } segmented in this volume
not_segmented_on_slice = no { $structure } segmented on this slice
fragment = only { NUMBER($volume_cm3, maximumFractionDigits: 2) } cm³ of { $structure } segmented: a fragment, not the structure
poorly_segmented = the bundled weights do not segment the { $structure } well enough to measure
left_out_by_bundled_weights = the bundled weights do not segment the { $structure }
unsure = the bundled networks are unsure of the { $structure } (confidence { NUMBER($confidence, minimumFractionDigits: 2, maximumFractionDigits: 2) })
mislabelled = what is labelled { $structure } measures { NUMBER($median_hu, maximumFractionDigits: 0) } HU: mislabelled
outside_body = { NUMBER($percent, maximumFractionDigits: 0) } % of what is labelled { $structure } lies outside the body: mislabelled
lies_too_high = what is labelled { $structure } lies too high, seen from { $structures }: mislabelled
lies_too_low = what is labelled { $structure } lies too low, seen from { $structures }: mislabelled
apart_from = what is labelled { $structure } does not reach { $structures }: mislabelled
in_pieces = what is labelled { $structure } lies in { $count } pieces: mislabelled
sprawling = what is labelled { $structure } is far larger than the other one and has not its shape: mislabelled
larger_than_other = the { $structure } is { NUMBER($times, maximumFractionDigits: 1) } times as large as the other: dilated, with a mass, or a mistake
hollow_body = what was scanned is hollow: a test object
other_sex = what is labelled { $structure } cannot be one: the patient is { $sex ->
    [M] a man
   *[F] a woman
}: mislabelled
structure_rejected_by_person = a person does not accept what is labelled { $structure }: { $rejection }
rejected_by_person = a person does not accept this result: { $rejection }
side_unknown = the image does not say which side is left and which is right
truncated = truncated at { $edges } { $count ->
    [one] edge
   *[other] edges
} ({ NUMBER($percent, maximumFractionDigits: 0) } % of its largest section)
level_truncated = { $level } is truncated at { $edges } { $count ->
    [one] edge
   *[other] edges
}
aorta_segment_in_part = only a part of this segment is in view: it goes on beyond the { $edges } { $count ->
    [one] edge
   *[other] edges
}, and may be wider there
aorta_label_ends = the segmentation ends here without the heart or the iliac arteries: the vessel may go on, and be wider
aorta_segment_not_seen = no part of this segment is in view
aorta_border_unknown = where this segment begins and ends cannot be told: neither the vertebral levels nor the kidneys say it
aorta_not_whole = the vessel is not in view from end to end
aortic_bifurcation_not_seen = the end of the aorta at the iliac arteries is not in view
vessel_too_short = too little of the { $structure } is in view to tell its course
too_coarse_for_diameters = the bundled weights are too coarse for diameters of the { $structure }
too_coarse_for_length = the bundled weights draw the poles of the { $structure } too roughly for its length
muscle_cut_by_field_of_view = muscle cut at the { $edges } edge
cut_by_field_of_view = cut at the { $edges } edge
analysis_broke = { $analysis } broke: { $error }

region_without_structures = task { $task } has no structure of the { $region }
no_patient = nothing here was recognised as a patient's anatomy: a test object, or a part of the body that the networks do not know
no_region_covered = no region has enough of its anchor structures in this volume
phase_is_for_ct = contrast phase is defined for CT only
virtual_image_shows_no_phase = a virtual image does not show the contrast phase
phase_regressors_disagree = the regressors disagree about the time after injection (standard deviation { NUMBER($spread_s, maximumFractionDigits: 1) } s, at most { $limit_s } s)
phase_contradicted = { $phase } is impossible with { NUMBER($median_hu, maximumFractionDigits: 0) } HU in the { $structure }
phase_contradicted_by_veins = { $phase } is impossible with { NUMBER($artery_hu, maximumFractionDigits: 0) } and { NUMBER($vein_hu, maximumFractionDigits: 0) } HU in { $structures }
phase_later_than_regressors_know = contrast medium is excreted already; the regressors know no time as late as that
too_few_structures_for_phase = { $seen } of the { $known } structures the phase is read off are in view, at least { $needed } with a vessel, the heart or the liver are needed
mr_has_no_hounsfield_units = MR intensities are not Hounsfield units
virtual_attenuation = the scanner computed these Hounsfield units; they are not what a usual tube shows
native_phase_not_known = it is not known whether contrast medium was given
needs_unenhanced_ct = unenhanced CT is needed; the phase is { $phase }
contrast_in_bladder = the bladder measures { NUMBER($median_hu, maximumFractionDigits: 0) } HU: excreted contrast medium cannot be told from stones
vessel_enhanced = the { $structure } measures { NUMBER($median_hu, maximumFractionDigits: 0) } HU: contrast medium cannot be told from calcium
voltage_unknown = the tube voltage is not known
voltage_outside = the tube voltage is { NUMBER($kvp, maximumFractionDigits: 0) } kVp; the limits hold from { NUMBER($low_kvp, maximumFractionDigits: 0) } to { NUMBER($high_kvp, maximumFractionDigits: 0) }
slices_too_thick = slices of { NUMBER($slice_mm, maximumFractionDigits: 1) } mm are too thick or too far apart, at most { NUMBER($at_most_mm, maximumFractionDigits: 1) } mm
pixels_too_large = pixels of { NUMBER($pixel_mm, maximumFractionDigits: 1) } mm are too large, at most { NUMBER($at_most_mm, maximumFractionDigits: 1) } mm
kernel_too_sharp = the kernel { $kernel } is too sharp: noise and edges are enhanced
kernel_not_known = the convolution kernel is not known
holds_from_age = holds from { NUMBER($from_years, maximumFractionDigits: 0) } years on; age of the patient: { NUMBER($age_years, maximumFractionDigits: 0) }
no_stone = no stone found in the { $structure }
bright_piece_leaves_kidney = something bright runs out of the { $structure } (a stent, a drain): stones cannot be told from it
noise_like_calcium = noise of { NUMBER($noise_hu, maximumFractionDigits: 0) } HU in the { $structure }: calcium cannot be told from it
metal_in = { NUMBER($peak_hu, maximumFractionDigits: 0) } HU in or beside the { $structure }: metal
vessel_not_followed = the { $structure } was segmented on only { NUMBER($percent, maximumFractionDigits: 0) } % of the slices from T12 to L4
lobe_truncated = the { $structure } is truncated at { $edges } { $count ->
    [one] edge
   *[other] edges
} ({ NUMBER($percent, maximumFractionDigits: 0) } % of its largest section)
lungs_not_inflated = the lungs hold { NUMBER($volume_l, maximumFractionDigits: 1) } L, { NUMBER($percent, maximumFractionDigits: 0) } % of the predicted capacity: not in full inspiration
trachea_bulges_in = the trachea's back wall bulges in (filled { NUMBER($share, maximumFractionDigits: 2) }): scanned in expiration
little_left_after_erosion = only { NUMBER($volume_cm3, maximumFractionDigits: 2) } cm³ left after eroding by { $erosion_mm } mm
tissue_needs_attenuation = tissues are told apart by attenuation, which MR does not have
only_head_and_neck_in_view = nothing but head and neck is in view
muscle_needs_attenuation = muscle is told from fat by attenuation, which MR does not have
little_muscle_at_level = only { NUMBER($area_cm2, maximumFractionDigits: 1) } cm² of muscle segmented at { $level }
height_unknown = the patient's height is not known
height_or_weight_unknown = the patient's height or weight is not known
little_liver = only { NUMBER($volume_cm3, maximumFractionDigits: 0) } cm³ of liver over { NUMBER($height_mm, maximumFractionDigits: 0) } mm in view; at least { $needed_cm3 } cm³ and { $needed_mm } mm are needed
needs_portal_venous_ct = holds for portal venous CT; the phase is { $phase }
fat_fraction_is_mr = a fat fraction map is made by MR
no_fat_fraction_map = the series that was measured is no fat fraction map
fat_fraction_of_unknown_scale = the header of the fat fraction map does not say whether its values are percent
fat_fraction_out_of_range = the fat fraction map is not on the scale its header names: the liver's values reach from { NUMBER($low_percent, maximumFractionDigits: 0) } to { NUMBER($high_percent, maximumFractionDigits: 0) } %

few_whole_vertebrae = only { $count } whole { $count ->
    [one] vertebra
   *[other] vertebrae
} in view: labelling cannot be verified
vertebrae_out_of_order = vertebral labelling inconsistent: { $lower } lies above { $upper }
vertebrae_unevenly_spaced = vertebral labelling inconsistent: { $upper }-{ $lower } spacing is { NUMBER($ratio, minimumFractionDigits: 2, maximumFractionDigits: 2) } of its neighbours'
vertebra_of_odd_volume = vertebral labelling inconsistent: { $level } has { NUMBER($volume_cm3, maximumFractionDigits: 0) } cm³, its neighbours about { NUMBER($usual_cm3, maximumFractionDigits: 0) }
no_level_anchor = neither sacrum nor last or first ribs are in view to tell which vertebra is which
only_weak_level_anchors = neither sacrum nor last or first ribs are in view to tell which vertebra is which; to within { $levels } { $levels ->
    [one] level
   *[other] levels
}, the names of the vertebrae fit the position of: { $landmarks }
level_contradicts_landmark = vertebral levels are uncertain: what is expected from { $upper } to { $lower } ({ $landmark }) lies beside the vertebra that is labelled { $level }
level_contradicts_anchor = vertebral levels are uncertain: { $anchor ->
    [sacrum] the vertebra above the sacrum
    [last_rib] the last vertebra with ribs
   *[first_rib] the first vertebra with ribs
} is labelled { $level } and not { $expected }
transitional_vertebra = transitional vertebra suspected: { $count } vertebrae between the last ribs and the sacrum, so the lumbar levels are uncertain
levels_need_ct = levels are checked on CT only
vertebra_in_two_places = vertebral labelling inconsistent: { $level } is labelled in two places

task_reads_ct_only = the task { $task } reads CT only
no_bleed_segmented = no intracerebral haemorrhage segmented; this does not exclude bleeding
no_bleed_within_brain = no intracerebral haemorrhage segmented ({ $dropped_voxels } voxels outside the brain dropped); this does not exclude bleeding
no_bleed_in_measured_part = part of the head was not measured; no intracerebral haemorrhage segmented in the rest, which does not exclude bleeding
part_of_head_not_measured = part of the head was not measured; there may be more
bleed_truncated = bleed truncated at { $edges } { $count ->
    [one] edge
   *[other] edges
} ({ NUMBER($percent, maximumFractionDigits: 0) } % of its largest section)
no_ventricle_segmented = no ventricle segmented in this volume
ventricles_incomplete = a ventricle, or a part of one, is missing among those segmented
skull_not_closed = the skull does not form a closed ring at the height of the ventricles
no_nodule_segmented = no lung nodule segmented; this does not exclude any
no_edge_of_lung_near = no edge of the lung found near it
nodule_without_core = too small for its attenuation to be read without the outer { $rim_mm } mm
no_midline_of_chest = neither vertebrae nor both lungs tell where the middle of the chest is

## Why a vertebra has no height or no density

bundled_vertebrae_too_coarse = the bundled networks draw the borders between vertebrae too coarsely to measure their bodies
no_vertebra_measurable = no vertebra between T4 and L5 could be measured
body_not_separated = the vertebral body of { $level } could not be told from its arch
metal_in_vertebra = metal in or beside { $level }
vertebra_looks_compressed = { $level } looks compressed, which raises its attenuation
dense_vertebra = { $level } is denser than trabecular bone: cement, sclerosis or metal
body_too_small = no room for a region within the cortex of { $level }
native_from_venous_only = estimated from the venous phase only
age_unknown_no_norm = the patient's age is not known

## Why a series was measured, passed over or refused

series_number = series { $number }
series_without_number = series without number
series_stack = { $series } (stack { $part } of { $parts })

series_cut_short = its files were cut short
series_own_object = an object Heimdallr wrote itself
series_of_other_modality = modality { $modality } is not CT or MR
series_without_modality = modality unknown, not CT or MR
series_is_secondary_capture = secondary capture (a screen, not an image)
series_of_other_sop_class = its SOP class is not an image of that modality
series_in_colour = colour images
series_is_projection = projection (MIP or rendering)
series_is_report = dose report or page
series_is_localizer = localizer
series_is_ct_map = a derived map, a subtraction or bolus monitoring
series_of_other_quantity = a derived map: { $spectral ->
    [iodine] iodine
    [effective_atomic_number] effective atomic number
    [electron_density] electron density
    [perfused_blood_volume] perfused blood volume
    [material] one material
   *[other] another quantity
}, not attenuation
series_without_position = no image position or orientation
series_without_pixel_spacing = no pixel spacing
series_of_samples = slices { NUMBER($spacing_mm, maximumFractionDigits: 1) } mm apart are samples, not a volume
series_matrix_too_small = matrix { $rows } × { $columns } is too small for an image
series_repeats_places = { $images } images at { $places } { $places ->
    [one] place
   *[other] places
} are no single volume
series_not_told_apart = { $images } images at { $places } places are no single volume, and nothing in their headers tells them apart
series_of_few_slices = { $slices } { $slices ->
    [one] slice
   *[other] slices
}, fewer than the { $needed } of a volume
series_not_axial = { $plane } reformat, not axial
series_oblique = oblique reformat, { NUMBER($angle_deg, maximumFractionDigits: 0) }° from axial
series_not_converted = conversion failed: { $error }

series_is_anatomical = anatomical series
series_is_time_point = one time point of a dynamic series
series_is_fat_alone = image of fat alone
series_of_resolution = { NUMBER($pixel_mm, maximumFractionDigits: 1) } mm pixels, slices { NUMBER($spacing_mm, maximumFractionDigits: 1) } mm apart
series_of_ordinary_contrast = ordinary contrast
series_in_phase = in-phase image
series_of_water = water image
series_opposed_phase = opposed-phase image
series_of_fat = fat image
series_of_fraction = fraction in percent
series_is_mr_map = diffusion, subtraction or a map, not anatomy

series_of_nifti = the only image handed in (NIfTI: kernel, phase and patient are unknown)
series_after_ct = the study holds a usable CT, which is preferred
series_passed_over = passed over for { $series }: { $this } against { $best }
series_equal = passed over for { $series }: equal in everything but its number or UID
series_in_hounsfield_units = Hounsfield units
series_is_virtual = Hounsfield units of a virtual image
series_of_unknown_scale = values of an unknown scale
series_as_scanned = as scanned
series_computed = computed from several energies
series_monoenergetic = virtual monoenergetic image of { $energy_kev } keV
series_covers = covers { NUMBER($coverage_mm, maximumFractionDigits: 0) } mm
series_extends = covers { NUMBER($extent_mm, maximumFractionDigits: 0) } mm head to foot
series_of_phase = contrast phase { $phase } by its tags
series_of_kernel = { $kernel_class } kernel ({ $source })
series_of_thickness = { NUMBER($thickness_mm, maximumFractionDigits: 2) } mm slices
series_of_unknown_thickness = unknown slice thickness
series_of_slices = { $slices } { $slices ->
    [one] slice
   *[other] slices
}

kernel_by_numbers = { $kernel }, { $maker } numbers
kernel_by_ge_names = { $kernel }, GE names
kernel_by_philips_letters = { $kernel }, Philips letters
kernel_by_its_words = the words of { $kernel }
kernel_by_description = description
kernel_by_both = { $source }, description
kernel_unnamed = no source names it

## What of the chosen series was not measured

preferred_series_not_converted = { $series } { $others ->
    [0] was preferred to this one but
    [one] and one other were preferred to this one but
   *[other] and { $others } others were preferred to this one but
} could not be converted
series_share_uid = { $series } series carry one SeriesInstanceUID; they were told apart by { $attributes }
series_put_together = the { $images } images carry { $uids } SeriesInstanceUIDs; they were put together by what else a series shares
source_uids_missing = the images that were measured lack UIDs of study, series or image ({ $images } images): objects refer to them by UIDs made here, under which no PACS has them
files_unread = { $files } { $files ->
    [one] file of the input is
   *[other] files of the input are
} damaged or empty; what { $files ->
    [one] it shows
   *[other] they show
} was not measured
images_unfetched = { $images } { $images ->
    [one] image of the study could not be fetched from the archive; what it shows
   *[other] images of the study could not be fetched from the archive; what they show
} was not measured
images_cut_short = { $images } { $images ->
    [one] image of the series was not measured: its file was
   *[other] images of the series were not measured: their files were
} cut short
numbered_late = the images of the series are numbered from { $first } on: { $images } before them may not have arrived
numbers_left_out = { $images ->
    [one] one number is missing in the numbering of the images: that image
   *[other] { $images } numbers are missing in the numbering of the images: those images
} may not have arrived
slices_missing = no image shows { NUMBER($length_mm, maximumFractionDigits: 0) } mm between the measured slices ({ $images } slices in { $gaps } { $gaps ->
    [one] gap
   *[other] gaps
}): nothing there was measured
slices_interpolated = { $images } single { $images ->
    [one] slice is
   *[other] slices are
} missing; what lies there was interpolated between the neighbours
images_beyond = { $images } { $images ->
    [one] image
   *[other] images
} of the series beyond the { $edge } end of what was measured ({ NUMBER($length_mm, maximumFractionDigits: 0) } mm) { $images ->
    [one] was
   *[other] were
} not measured
images_beyond_gap = { $images } { $images ->
    [one] image
   *[other] images
} of the series ({ NUMBER($length_mm, maximumFractionDigits: 0) } mm) { $images ->
    [one] was
   *[other] were
} not measured: at the { $edge } end of what was measured, { NUMBER($gap_mm, maximumFractionDigits: 0) } mm ({ $missing } { $missing ->
    [one] slice
   *[other] slices
}) are missing
images_doubled = { $images } { $images ->
    [one] image lies
   *[other] images lie
} where another image of the series lies; one at each place was measured
images_copied = { $images } { $images ->
    [one] image is
   *[other] images are
} in the series twice; one of each was measured
one_pass = the series shows the body { $passes } times, told apart by { $attribute }; pass { $number } was measured, { $images } { $images ->
    [one] image
   *[other] images
} of the others were not
one_pass_of_value = the series shows the body { $passes } times, told apart by { $attribute }; pass { $number } ({ $value }) was measured, { $images } { $images ->
    [one] image
   *[other] images
} of the others were not
images_of_other_kind = { $images ->
    [one] { $images } other image of the series was not measured; it differs
   *[other] { $images } other images of the series were not measured; they differ
} in { $attributes }

## Why there is nothing to be seen

volume_removed = the volume was removed by retention; send the study again to see its images
volume_unreadable = the volume cannot be read; reprocess the study
masks_removed = the masks were removed by retention
labels_not_made = these results are older than label maps; reprocess the study to see its structures
labels_unreadable = the label maps cannot be read; reprocess the study

## Titles of findings: finding_ and the finding's code

finding_intracerebral_haemorrhage = Intracerebral haemorrhage, { NUMBER($volume_cm3, minimumFractionDigits: 1, maximumFractionDigits: 1) } cm³
finding_intracerebral_haemorrhage_large = Intracerebral haemorrhage, large (≥ { $limit_cm3 } cm³): { NUMBER($volume_cm3, minimumFractionDigits: 1, maximumFractionDigits: 1) } cm³
finding_midline_shift = Midline shift of { NUMBER($shift_mm, maximumFractionDigits: 1) } mm
finding_lung_nodule = Lung nodule of 6 to 8 mm (mean diameter)
finding_lung_nodule_above_8_mm = Lung nodule above 8 mm (mean diameter)
finding_pleural_effusion = Pleural effusion of { $limit_ml } mL or more
finding_pericardial_effusion = Pericardial effusion of { $limit_ml } mL or more
finding_ventriculomegaly = Wide ventricles: Evans index { NUMBER($index, minimumFractionDigits: 2, maximumFractionDigits: 2) }
finding_low_muscle_mass = Low skeletal muscle mass at L3
finding_low_muscle_attenuation = Low skeletal muscle attenuation at L3
finding_abdominal_aorta_dilated = Abdominal aortic aneurysm, { NUMBER($diameter_mm, maximumFractionDigits: 1) } mm
finding_abdominal_aorta_dilated_seen = Abdominal aortic aneurysm, at least { NUMBER($seen_mm, maximumFractionDigits: 1) } mm (seen in part)
finding_infrarenal_aorta_ectatic = Ectatic infrarenal aorta, { NUMBER($infrarenal_mm, maximumFractionDigits: 1) } mm
finding_infrarenal_aorta_ectatic_seen = Ectatic infrarenal aorta, at least { NUMBER($infrarenal_seen_mm, maximumFractionDigits: 1) } mm (seen in part)
finding_ascending_aorta_dilated = Dilated ascending aorta, { NUMBER($diameter_mm, maximumFractionDigits: 1) } mm
finding_ascending_aorta_dilated_seen = Dilated ascending aorta, at least { NUMBER($seen_mm, maximumFractionDigits: 1) } mm (seen in part)
finding_splenomegaly = Enlarged spleen, { NUMBER($volume_cm3, maximumFractionDigits: 0) } cm³
finding_liver_steatosis = Liver attenuation in the range of steatosis, { NUMBER($liver_hu, maximumFractionDigits: 1) } HU
finding_liver_steatosis_below_spleen = Liver darker than the spleen in the range of steatosis, difference { NUMBER($difference_hu, maximumFractionDigits: 1) } HU
finding_hepatomegaly = Enlarged liver, { NUMBER($volume_cm3, maximumFractionDigits: 0) } cm³: { $index_ml_m2 } mL/m² of body surface
finding_hepatomegaly_massive = Massively enlarged liver, { NUMBER($volume_cm3, maximumFractionDigits: 0) } cm³: { $index_ml_m2 } mL/m² of body surface
finding_small_kidney_right = Small right kidney, { NUMBER($length_mm, maximumFractionDigits: 0) } mm
finding_small_kidney_left = Small left kidney, { NUMBER($length_mm, maximumFractionDigits: 0) } mm
finding_large_kidney_right = Large right kidney, { NUMBER($length_mm, maximumFractionDigits: 0) } mm
finding_large_kidney_left = Large left kidney, { NUMBER($length_mm, maximumFractionDigits: 0) } mm
finding_kidney_length_difference = Kidneys differ in length by { NUMBER($difference_mm, maximumFractionDigits: 1) } mm
finding_liver_steatosis_portal_venous = Portal venous liver attenuation in the range of steatosis, { NUMBER($liver_hu, maximumFractionDigits: 1) } HU
finding_liver_steatosis_fat_fraction = Liver fat fraction in the range of steatosis, { NUMBER($percent, maximumFractionDigits: 1) } %
finding_coronary_calcium = Coronary calcium, category 100–299, estimated { $gating ->
    [gated] on an ECG-gated CT
   *[unknown] (ECG gating not known)
}
finding_coronary_calcium_severe = Coronary calcium, category 300 or more, estimated { $gating ->
    [gated] on an ECG-gated CT
   *[unknown] (ECG gating not known)
}
finding_kidney_stone_right = Stone in the right kidney, { NUMBER($diameter_mm, minimumFractionDigits: 1, maximumFractionDigits: 1) } mm
finding_kidney_stone_left = Stone in the left kidney, { NUMBER($diameter_mm, minimumFractionDigits: 1, maximumFractionDigits: 1) } mm
finding_aortic_calcium = Calcium of the abdominal aorta, Agatston score { NUMBER($score, maximumFractionDigits: 0) }
finding_transitional_vertebra = Transitional vertebra suspected: { $count } vertebrae between the last ribs and the sacrum
finding_vertebral_fracture = Compression suspected: { $level ->
    [unnamed] a vertebra (which one is not certain)
   *[other] { $level }
} has lost { NUMBER($percent, maximumFractionDigits: 0) } % of its height
finding_vertebral_fracture_several = Compression of { $count } vertebrae suspected; { $level ->
    [unnamed] one (which is not certain)
   *[other] { $level }
} has lost { NUMBER($percent, maximumFractionDigits: 0) } % of its height
finding_low_bone_density = Low bone density: { NUMBER($hu, maximumFractionDigits: 1) } HU in { $levels }
finding_truncated_coverage = Not wholly in the volume: { $structures }
site_finding = { $name }: { $value } { $unit } (this department's rule)

## A study in a few words

rounded = { $digits ->
    [0] { NUMBER($value, maximumFractionDigits: 0) }
    [1] { NUMBER($value, minimumFractionDigits: 1, maximumFractionDigits: 1) }
   *[2] { NUMBER($value, minimumFractionDigits: 2, maximumFractionDigits: 2) }
}
summary_earlier = { $title } (was { $value } in { $month })
summary_other_phase = { $title } (was { $value } in { $month }, contrast phase: { $phase })
summary_other_side = { $title } (was { $value } in { $month }, to the other side)
summary_unchanged = { $title } (was { $value } in { $month }: no change beyond measurement error)
summary_risen = { $title } (was { $value } in { $month }: +{ $per_year } a year)
summary_fallen = { $title } (was { $value } in { $month }: −{ $per_year } a year)
other_rules = rules that found nothing: { $silent }; that could not be asked: { $not_asked }
no_finding_of_rules = no finding. Rules that found nothing: { $silent }; that could not be asked: { $not_asked }. This does not mean that nothing is wrong
rules_not_told = these results do not say which rules could be asked

## Why a rule was not asked

no_limit_holds = no limit holds for this patient and acquisition
not_measured = it was not measured

## What every reader has to be told, and what weakens a finding

bundled_weights = bundled weights — not for clinical use
networks_of_collection = some numbers are by the networks of { $collection } ({ $licence }; { $credit })
several_patients = images of this study name { $count } different patients; those of each are a case of their own
patients_taken_as_one = images of this study name { $count } different patients; somebody said that they are one
shared_uids = { $count ->
    [one] one image carries
   *[other] { $count } images carry
} the UID of another image; all of them were kept
sides_unknown = the image does not say how the patient lies: left and right are unknown
voxels_without_number = { NUMBER($percent, maximumFractionDigits: 2) } % of the voxels hold no number: they count as air
other_unit = the file gives its voxels in { $unit ->
    [meter] metres
   *[micron] microns
}: read as such
measured_on_fat_image = measured on an image of fat alone: the study holds no better series
measured_on_map = measured on a diffusion image, subtraction or map: the study holds no anatomical series
measured_on_localizer = measured on a localizer: the study holds no better series
site_rule = by a rule this department has changed or made
department_rules_broken = the department's rules of findings cannot be read; those of the package were asked
age_unknown = the patient's age is not known; adult values were applied
picture_not_drawn = { $file } could not be drawn: { $error }

attenuation_unknown = the header does not say how pixel values become Hounsfield units
monoenergetic_image = measured on a virtual monoenergetic image ({ $energy_kev } keV): attenuation depends on that energy
virtual_non_contrast_image = measured on a virtual non-contrast image: the scanner computed its attenuation
virtual_image = measured on a virtual image: the scanner computed its attenuation
lung_kernel = reconstructed with a lung kernel: standard deviations of attenuation are raised, and means near edges are not to be relied on
bone_kernel = reconstructed with a bone kernel: standard deviations of attenuation are raised, and means near edges are not to be relied on
lossy_compression_ratio = the images were compressed with loss ({ $method ->
    [unknown] by an unknown method
   *[other] { $method }
}, { $ratio }:1): standard deviations of attenuation and small structures are not to be relied on
lossy_compression = the images were compressed with loss ({ $method ->
    [unknown] by an unknown method
   *[other] { $method }
}): standard deviations of attenuation and small structures are not to be relied on
perhaps_lossy_compression = the images may have been compressed with loss ({ $method }): the header does not say

## Where a measurement stands among people of the same sex, age and build

norm_z = z { NUMBER($z, minimumFractionDigits: 1, maximumFractionDigits: 1) }, percentile { $percentile } of a normal distribution ({ $norm })
norm_z_below = z { NUMBER($z, minimumFractionDigits: 1, maximumFractionDigits: 1) }, below percentile { $percentile } of a normal distribution ({ $norm })
norm_z_above = z { NUMBER($z, minimumFractionDigits: 1, maximumFractionDigits: 1) }, above percentile { $percentile } of a normal distribution ({ $norm })
norm_below = below the { $percentile }th percentile ({ $norm })
norm_not_below = not below the { $percentile }th percentile ({ $norm })
norm_above = above the { $percentile }th percentile ({ $norm })
norm_not_above = not above the { $percentile }th percentile ({ $norm })
norm_between = between the { $low }th and the { $high }th percentile ({ $norm })
norm_over_limit = at or above { $limit }, a limit of { $norm }
norm_under_limit = below { $limit }, a limit of { $norm }
norm_group_adults = { $sex ->
    [M] men
    [F] women
   *[O] adults
}
norm_group = { $sex ->
    [M] men
    [F] women
   *[O] adults
} of { $age_from } to { $age_to } years
norm_group_bmi = { $sex ->
    [M] men
    [F] women
   *[O] adults
} of { $age_from } to { $age_to } years, BMI { $bmi_from } to { $bmi_below }
norm_needs_sex = not compared with { $norm }: the patient's sex is not known
norm_needs_age = not compared with { $norm }: the patient's age is not known
norm_is_for_adults = not compared with { $norm }: made for adults
norm_outside_ages = not compared with { $norm }: nobody of the patient's age was measured there
norm_is_of_usual_attenuation = not compared with { $norm }: holds for CT as a usual tube shows it, not for virtual images
norm_is_unenhanced = not compared with { $norm }: holds for unenhanced CT

## What messages to other systems say of themselves

report_of_measurements = Automatic measurements
no_rule_found_anything = no rule found anything; this excludes nothing
not_for_clinical_use = measured by software that is no medical device: not for clinical use
case_folder_unreadable = the case's results cannot be read
message_without_patient_id = the study has no patient ID: a message about it would be filed under nobody, or under another patient
name_not_in_character_set = the character set of this destination has no letters for the patient's name or the order's numbers; choose UNICODE UTF-8 where the receiver takes it

## What became of what was sent to an archive or another system, and what to do

peer_gave_no_reason = it gave no reason
peer_said = it said “{ $words }”
peer_answers = { $address } answers
peer_name_unknown = the name in { $address } is not known to this machine: check the address of the destination
peer_unreachable = { $address } cannot be reached: no answer; check address, port and firewall
nobody_listens = nobody listens at { $address }: check the port, and whether the system there runs
peer_connection_failed = the connection to { $address } failed ({ $error })
peer_not_trusted = { $address } shows a certificate that is not trusted ({ $error }): give the destination the authority that signed it, or its true name
no_tls = no TLS connection to { $address } ({ $error }): check whether TLS is spoken on that port
certificate_unusable = a certificate, key or file of authorities of this destination cannot be read ({ $error }): check the files
own_file_unreadable = the file that was to be sent cannot be read
own_file_is_no_dicom = the file that was to be sent is no DICOM object

association_not_answered = { $address } broke off, or did not answer, when asked for an association
association_not_answered_tls = { $address } broke off, or did not answer, when asked for an association over TLS: it may want a client certificate it knows
association_broken_off = { $address } broke off before it answered
association_limit = { $address } takes no more associations for now
association_rejected = { $address } rejects associations of { $calling_ae } (source/reason { $status }): ask its administrator
calling_ae_unknown = { $address } does not know the AE title { $calling_ae }: have it entered there, with the address of this machine, then send again
called_ae_unknown = { $address } does not go by that AE title: correct it in the destination, then send again
sop_class_not_accepted = the archive does not accept { $sop_class }: have it allowed there, or leave this object out for this destination
store_not_answered = { $address } did not say within { $seconds } s that the object is stored
stored_with_warning = stored with a warning (status { $status }); { $said }
stored_before = the archive had it already
archive_cannot_store_now = the archive cannot store it now (status { $status }); { $said }
archive_refuses_object = the archive refuses the object (status { $status }); { $said }
stored_but_not_found = the archive said that it stored the object, and does not find it
echo_answered = answers to C-ECHO (status { $status })
echo_not_accepted = does not accept C-ECHO, which says nothing of storing
nothing_accepted = { $address } lets us in and accepts none of our objects
contexts_accepted = accepts everything this destination is sent
contexts_refused = does not accept: { $sop_classes }
commitment_offered = offers storage commitment
commitment_not_offered = the archive does not offer storage commitment: turn it off for this destination, or on there
commitment_refused = the archive does not take the request for storage commitment (status { $status }); { $said }
commitment_not_asked = sent; not confirmed to be kept: { $reason }
commitment_denied = the archive says that it does not keep it (reason { $status })

folder_writable = the folder can be written
folder_absent = the folder { $file } is not there: is the share mounted?
folder_has_another = the folder has another file of the name { $file } already
folder_not_writable = the folder cannot be written ({ $error })

web_not_answered = { $address } did not answer within { $seconds } s
web_answer_too_long = { $address } answered with more than { $megabytes } MB, which were not read to the end: what became of it is not known
web_sign_in_refused = { $address } refuses our credentials (HTTP { $status }): check user, password or token of the destination, then send again
web_redirected = { $address } sends us elsewhere (HTTP { $status }), where nothing is sent unasked: enter the address it leads to
web_address_wrong = there is nothing at { $address } that takes this (HTTP { $status }): check the address of the destination
web_refused = refused (HTTP { $status }); { $said }
web_failed = the system there is busy or broken (HTTP { $status }); { $said }
webhook_signed = deliveries are signed
webhook_unsigned = deliveries are not signed: give the destination a secret
qido_answered = answers to QIDO-RS
qido_not_understood = what answers there does not speak QIDO-RS: check the address, which often ends in /dicom-web

## What came of messages to a record or an interface engine

own_file_is_no_message = the file that was to be sent is no HL7 message
peer_hung_up = { $address } hung up without an answer
no_fhir_server = what answers there is no FHIR server: check the base address
fhir_several_match = several patients, studies or results there go by one of our identifiers: somebody has to make them one; { $said }
fhir_version = FHIR version { $version }
transaction_taken = takes transactions
transaction_not_taken = takes no transactions, as which results are sent
transaction_not_told = does not say whether it takes transactions
transaction_in_part = the server took a part only: { $count ->
    [one] one entry
   *[other] { $count } entries
} with status { $status }
transaction_untold = the server says what became of { $count } of { $asked } entries only; look there whether the others arrived
report_signed_already = the report there is { $status } already: a person has signed or changed it, and it is not replaced
ack_only_by_sending = connected; whether messages are understood shows only when one is sent, and none was
no_hl7_answer = what { $address } answered is no HL7 acknowledgement
answer_to_another_message = the answer was to another message
accepted_with_errors = accepted, and yet with an error; { $said }
accepted_with_warnings = accepted with a remark; { $said }
unknown_answer = answered with a code that is none: { $code }
message_refused = refused ({ $code }); { $said }

## Why something did not go to a destination

delivery_withdrawn = the results were made for another patient than the images name now
delivery_deleted = the study was deleted
delivery_superseded = newer results came before it had gone out
delivery_awaits_verification = the results became others before it had gone out; those are sent once a person has verified them
delivery_cancelled = a person called it off
delivery_destination_removed = the destination was removed
delivery_no_maker = this version of Heimdallr cannot make such an object
delivery_not_made = it could not be made of this case: { $error }
delivery_making_failed = it could not be made ({ $error }): this is a fault of Heimdallr's, please report it with its log
delivery_not_written = it could not be written on the disk ({ $error })
delivery_nothing_to_make = there is nothing of this kind in the case
delivery_case_away = the folder of the results is not there: mount the disk of output/
delivery_case_gone = the results are not kept any more; reprocess the study
delivery_case_changed = the results have just been replaced by newer ones
delivery_not_tried = the connection ended before it was its turn
commitment_unanswered = sent, but { $count ->
    [one] one request
   *[other] { $count } requests
} to say that it is kept (storage commitment) had no answer; check that the destination may reach this listener
commitment_failed = the destination does not keep what it had taken (storage commitment, reason { $status }); it is sent again

## Why an archive does not give a study
archive_rejects_us = { $ae_title } at { $address } rejects the association ({ $said }): enter our AE title there, and check its own
archive_does_not_do = the archive does not offer { $service } to us: have it enabled for our AE title
archive_cannot_send_to_us = the archive cannot send to { $ae_title }: enter that AE title there with this machine's address and port { $port }, see that the listener runs and lets the archive in, or fetch with C-GET
archive_sent_in_part = { $failed } of { $count } images did not come: look at the archive's log, and at the space on this disk
archive_gone = the archive broke off or fell silent: the images that came are kept
archive_busy = the archive has no resources for it now ({ $status })
archive_refuses = the archive refuses ({ $status }): its log says why
archive_too_many = the archive found more than { $limit } studies: ask for less
archive_answer_unreadable = the archive's answer cannot be read: check that the address is that of its DICOMweb service
archive_wants_another_secret = the archive does not accept the token or password (HTTP { $status })
archive_web_broke_off = the archive broke off, did not answer in time, or does not speak HTTP ({ $error })
archive_sent_but_not_here = the archive sent { $count } images, { $here } are here: see that the listener runs
archive_patient_id_not_asked = the patient ID holds a wildcard: an archive would answer with other patients
record_has_no_body_size = the record has neither height nor weight of this patient within { $days } days of the study
record_names_several_patients = the record has several patients of this ID: height and weight are not taken from it

## What other tools' files say of a case

case_folder_damaged = a file of the case folder is missing or damaged; process the study again
proposal_unreadable = the file cannot be read as { $format }; export it again, not compressed
proposal_too_large = the file is larger than what is read; hand in fewer structures at a time
proposal_of_mixed_files = hand in files of one kind at a time: DICOM segmentations, structure sets, or NIfTI files
proposal_of_unknown_kind = a file is neither a DICOM segmentation nor a structure set nor NIfTI
proposal_without_images = nothing tells which DICOM images the case was made of; hand in NIfTI masks instead
proposal_of_other_study = the file belongs to another study; hand it in there
proposal_of_other_frame_of_reference = the file was drawn in another frame of reference: its positions mean nothing on these images; draw it on the images of this study
proposal_outlines_not_parallel = the outlines do not lie on planes parallel to the images; export them as a segmentation
proposal_labels_without_names = a label map with { $labels } labels came without their names; add a JSON table of the same name
proposal_knows_nothing = no structure of the file is one of this case; it has { $count }: name them as the case does, or give them codes
proposal_never_read = reading it failed { $tries } times; it may need more memory than there is
proposal_not_kept = its file is not kept any more
proposal_changes_nothing = the file shows what the label maps show already
proposal_unknown = not recognised, and left out: { $names }
proposal_empty = without a pixel in the file, and left as it is: { $structures }
proposal_outside = outside the volume, and left as it is: { $structures }
proposal_on_one_plane = drawn on one slice only, and changed on that slice only: { $structures }

## Why a correction cannot be applied

difference_damaged = the changed voxels cannot be read (at fault: { $part }); nothing was changed: send them again
difference_too_large = the changed voxels take more than { $megabytes } MB; change less at a time
difference_of_other_shape = the changed voxels are of a volume of { $shape } voxels, this one has { $expected }: load the study again, and draw it anew
difference_of_unknown_map = there is no label map { $name } in this case; load the study again
difference_of_unknown_label = the label map { $name } has no structure with the number { $label }; load the study again
correction_changes_nothing = nothing is changed by this: the results are so already
correction_of_other_base = the label maps were changed in the meantime; load them again and repeat the change
no_vertebra = { $name } is no vertebra whose level can be said; say one of C1 to L5
level_has_no_name = { $structure } would be where no vertebra or rib has a name: it has none now; a transitional vertebra is suspected
sixth_lumbar_vertebra = there is a sixth lumbar vertebra now: a transitional vertebra is suspected
level_below_the_last = below the last lumbar vertebra no other has a name: { $structures } are one now; a transitional vertebra is suspected
no_last_lumbar_vertebra = no vertebra is called L5 now: a transitional vertebra is suspected
vertebra_not_there = { $structure } is not among the labels of this case; say it of a vertebra that is
no_such_version = there is no version { $version } of this case; load the study again
nothing_to_reject = this case has no { $name } that could be rejected; load the study again
not_rejected = { $name } is not rejected; load the study again
correction_while_processed = the study is being processed; it can be corrected when that is over
correction_without_results = the study has no results to correct; it can be corrected when it has been processed
correction_without_masks = the label maps of this study are not kept any more; process it again to correct it
correction_without_volume = the images of this study are not kept any more, and nothing can be measured anew; process it again to correct it
correction_of_old_folder = the study was processed by another version of Heimdallr; process it again to correct it
correction_not_allowed = correcting needs the role of an operator; an administrator can give it
correction_overtaken = correction { $number } was saved by { $by } on { $at }, after these label maps were loaded; load them again and repeat the change
correction_never_still = the results changed again and again while the correction was computed; try it again
correction_builder_died = the process that computes corrections ended before it was done, perhaps for want of memory; the correction is kept and can be tried again
correction_not_written = the corrected case was not written; the correction is kept and can be tried again: { $reason }
correction_not_kept = the changed voxels of correction { $number } are not kept any more; draw them anew
removal_of_other_structure = to be erased, but part of another structure now, and left as they are: { $voxels } voxels
correction_of_other_series = this was drawn on another series than the one that is measured now; it cannot be put onto these images: decline it, and draw it anew
correction_of_other_grid = this was drawn on another grid of voxels than the one of the volume that is measured now; draw it anew
correction_of_other_labels = this was drawn when the numbers of its label map stood for other structures; draw it anew
correction_of_other_levels = this changes vertebrae or ribs, and was drawn when their levels were named otherwise; name the levels as they were then first, or draw it anew
correction_made_again = correction { $number }, made again after the study was processed anew
